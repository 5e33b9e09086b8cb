"""Where the boxes and arrows of a drawn graph go: a layered layout, without any drawing.

1. The rank of a box is the length of the longest path that leads to it. An edge that skips ranks
   passes each of them in a lane of its own, which is a box without width.
2. Boxes that follow one another without a branch are a column, one straight above the other.
3. The order of the columns is that of the inputs: a merging box's first branch is the leftmost.
4. A column stands half way between the leftmost and the rightmost place that this order allows.

No edge can run through a box: within a rank it runs straight down its lane, and from side to side
only between ranks. Units are points (1/72 inch), x to the right, y downwards.
"""

from itertools import accumulate, pairwise
from typing import NamedTuple

COLUMN_GAP = 22.0  # between neighboring boxes in a rank
LANE_GAP = 12.0  # between a box and an edge that passes it
RANK_GAP = 46.0  # between ranks
PORT_GAP = 18.0  # between arrow heads on one box
ARROW_LENGTH = 8.0  # of an arrow's head: so far above its target an edge runs straight


class Box:
    """The box of a layer, or a lane: then `width` and `height` are 0.

    Attributes
    ----------
    rank : int
        0 at the top.
    above, below : list of Box
        What it is connected with in the ranks next to its own.
    x, top : float
        Its middle from left to right, and its upper side.
    """

    def __init__(self, rank: int, width: float = 0.0, height: float = 0.0):
        self.rank, self.width, self.height = rank, width, height
        self.above: list[Box] = []
        self.below: list[Box] = []
        self.x = self.top = 0.0


class Layout(NamedTuple):
    """The finished layout, `width` x `height` large from (0, 0) on.

    Attributes
    ----------
    boxes : list of Box
        One for each size given.
    routes : list of list of (x, y)
        One for each edge given: points from the source's lower side to the target's upper side.
        The first leg runs straight down past the source's rank, the second from rank to rank,
        the third straight down, and so on by turns; the last one runs straight down.
    """

    boxes: list[Box]
    routes: list[list[tuple[float, float]]]
    width: float
    height: float


def layered_layout(sizes: list[tuple[float, float]], edges: list[tuple[int, int]]) -> Layout:
    """Place boxes so that every edge runs downwards; ValueError if there is no box.

    `sizes` has the (width, height) of each box, in an order in which no box comes before one that
    feeds it; `edges` has (source, target), indices into `sizes`, source < target.
    """
    if not sizes:
        raise ValueError("layout: expected at least one box, got none")
    ranks = [0] * len(sizes)
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        ranks[target] = max(ranks[target], ranks[source] + 1)
    boxes = [Box(rank, *size) for rank, size in zip(ranks, sizes, strict=True)]
    paths = [path_of(boxes[source], boxes[target]) for source, target in edges]
    width = place_sideways(columns_of(boxes))
    heights = [max(box.height for box in boxes if box.rank == k) for k in range(max(ranks) + 1)]
    ends = list(accumulate(height + RANK_GAP for height in heights))
    for box in [box for path in [boxes, *paths] for box in path]:
        box.top = ends[box.rank] - RANK_GAP - (heights[box.rank] + box.height) / 2
    ports = arrival_ports(boxes, paths)
    routes = [route_of(*both, heights) for both in zip(paths, ports, strict=True)]
    return Layout(boxes, routes, width, ends[-1] - RANK_GAP)


def path_of(source: Box, target: Box) -> list[Box]:
    """The boxes and lanes of an edge, one in each rank; they are connected here."""
    path = [source, *map(Box, range(source.rank + 1, target.rank)), target]
    for upper, lower in pairwise(path):
        upper.below.append(lower)
        lower.above.append(upper)
    return path


def columns_of(boxes: list[Box]) -> list[list[Box]]:
    """All boxes and lanes in columns, from left to right.

    Found by walking up from the ends of the graph, of several inputs the first one first.
    """
    columns, column_of = [], {}
    waiting = [box for box in reversed(boxes) if not box.below]
    while waiting:
        box = waiting.pop()
        if box in column_of:
            continue
        if len(box.below) == 1 and len(box.below[0].above) == 1:
            column_of[box] = column_of[box.below[0]]
        else:
            column_of[box] = []
            columns.append(column_of[box])
        column_of[box].append(box)
        waiting.extend(reversed(box.above))
    return columns


def place_sideways(columns: list[list[Box]]) -> float:
    """Give each box its x, 0 at the left border; returns the width of the whole."""
    numbers = range(len(columns))
    half = [max(box.width for box in column) / 2 for column in columns]
    apart = [[distance(columns[i], columns[k]) for k in numbers] for i in numbers]
    left, right = list(half), []
    for k in numbers:
        left[k] = max([half[k], *(left[i] + apart[i][k] for i in range(k))])
    width = max(left[k] + half[k] for k in numbers)
    right = [width - extent for extent in half]
    for i in reversed(numbers):
        right[i] = min([right[i], *(right[k] - apart[i][k] for k in numbers[i + 1 :])])
    for i in numbers:
        for box in columns[i]:
            box.x = (left[i] + right[i]) / 2
    return width


def distance(left: list[Box], right: list[Box]) -> float:
    """How far the centers of two columns must be apart; minus infinity if they share no rank."""
    needed = [
        (one.width + other.width) / 2 + (COLUMN_GAP if one.width and other.width else LANE_GAP)
        for one in left
        for other in right
        if one.rank == other.rank
    ]
    return max(needed, default=float("-inf"))


def arrival_ports(boxes: list[Box], paths: list[list[Box]]) -> list[float]:
    """The x at which each edge meets its target: side by side, in the order they come from."""
    ports = [path[-1].x for path in paths]
    for box in boxes:
        arriving = [number for number, path in enumerate(paths) if path[-1] is box]
        arriving.sort(key=lambda number: paths[number][-2].x)
        gap = min(PORT_GAP, box.width / (len(arriving) + 1))
        for place, number in enumerate(arriving):
            ports[number] = box.x + (place - (len(arriving) - 1) / 2) * gap
    return ports


def route_of(path: list[Box], port: float, heights: list[float]) -> list[tuple[float, float]]:
    """The points of an edge that ends at the x `port`; see `Layout`."""
    route = []
    for box in path:
        middle, half = box.top + box.height / 2, heights[box.rank] / 2
        route += [(box.x, middle - half), (box.x, middle + half)]
    begin = (path[0].x, path[0].top + path[0].height)
    return [begin, *route[1:-2], (port, route[-2][1] - ARROW_LENGTH), (port, path[-1].top)]
