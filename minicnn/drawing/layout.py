"""Where the boxes and arrows of a drawn graph go: a layered layout, without any drawing.

The steps are those of Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of
hierarchical system structures":

1. each box gets a rank: one more than the highest rank of the boxes that feed it;
2. an edge that skips ranks gets a bend in every rank that it passes, an item without width that
   keeps a lane free for it;
3. within each rank the items are ordered so that few edges cross;
4. each item moves close to the items that it is connected with, without overlap.

Steps 3 and 4 are in `arrangement`. Units are points (1/72 inch), x to the right, y downwards.
"""

from dataclasses import dataclass

from minicnn.drawing.arrangement import Item, order_ranks, place_sideways

RANK_GAP = 36.0  # between ranks, where edges run straight down
RANK_GAP_PER_SHIFT = 0.09  # more of it, times the farthest that an edge there runs to the side
PORT_GAP = 18.0  # between arrow heads on one box
ARROW_LENGTH = 8.0  # of an arrow's head: so far above its target an edge runs straight


@dataclass
class Box:
    """A rectangle; `left, top` is its upper left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> float:
        return self.left + self.width / 2

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass
class Layout:
    """The finished layout.

    Attributes
    ----------
    boxes : list of Box
        One for each size given.
    routes : list of list of (x, y)
        One for each edge given: points from the source's lower edge to the target's upper edge.
        The first leg runs straight down past the source's rank, the second from rank to rank,
        the third straight down, and so on by turns; the last one runs straight down.
    width, height : float
        Of the whole picture, which starts at (0, 0).
    """

    boxes: list[Box]
    routes: list[list[tuple[float, float]]]
    width: float
    height: float


def layered_layout(sizes: list[tuple[float, float]], edges: list[tuple[int, int]]) -> Layout:
    """Place boxes so that every edge runs downwards.

    Parameters
    ----------
    sizes : list of (width, height)
        Of each box, in an order in which no box comes before one that feeds it.
    edges : list of (source, target)
        Indices into `sizes`; source < target.

    Raises
    ------
    ValueError
        If there is no box, or an edge does not lead from an earlier box to a later one.
    """
    if not sizes:
        raise ValueError("layout: expected at least one box, got none")
    ranks = ranks_of(len(sizes), edges)
    items = [Item(width, rank) for (width, _), rank in zip(sizes, ranks, strict=True)]
    paths = [path_of(items[source], items[target]) for source, target in edges]
    by_rank = order_ranks(items)
    place_sideways(by_rank)
    return finish(sizes, items, paths, by_rank)


def ranks_of(count: int, edges: list[tuple[int, int]]) -> list[int]:
    """Step 1: the length of the longest path that leads to each box."""
    ranks = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        if not 0 <= source < target < count:
            raise ValueError(
                f"layout: expected edges from earlier to later boxes, got {(source, target)}"
            )
        ranks[target] = max(ranks[target], ranks[source] + 1)
    return ranks


def path_of(source: Item, target: Item) -> list[Item]:
    """Step 2: the items that an edge runs through, one in each rank; they are connected here."""
    bends = [Item(0.0, rank) for rank in range(source.rank + 1, target.rank)]
    path = [source, *bends, target]
    for upper, lower in zip(path[:-1], path[1:], strict=True):
        upper.below.append(lower)
        lower.above.append(upper)
    return path


def finish(
    sizes: list[tuple[float, float]],
    items: list[Item],
    paths: list[list[Item]],
    by_rank: list[list[Item]],
) -> Layout:
    """Make boxes and routes from the items' places; the leftmost thing is at x = 0."""
    everything = [item for rank in by_rank for item in rank]
    left = min(item.x - item.width / 2 for item in everything)
    for item in everything:
        item.x -= left
    tops, bottoms = rank_limits(sizes, items, paths, len(by_rank))
    boxes = []
    for (width, height), item in zip(sizes, items, strict=True):
        middle = (tops[item.rank] + bottoms[item.rank]) / 2
        boxes.append(Box(item.x - width / 2, middle - height / 2, width, height))
    box_of = dict(zip(items, boxes, strict=True))
    routes = []
    for path, port in zip(paths, arrival_ports(items, paths), strict=True):
        source, target = box_of[path[0]], box_of[path[-1]]
        route = [(source.centre, source.bottom), (source.centre, bottoms[path[0].rank])]
        for bend in path[1:-1]:
            route += [(bend.x, tops[bend.rank]), (bend.x, bottoms[bend.rank])]
        route += [(port, tops[path[-1].rank] - ARROW_LENGTH), (port, target.top)]
        routes.append(route)
    width = max(item.x + item.width / 2 for item in everything)
    return Layout(boxes, routes, width, bottoms[-1])


def rank_limits(
    sizes: list[tuple[float, float]], items: list[Item], paths: list[list[Item]], rank_count: int
) -> tuple[list[float], list[float]]:
    """Upper and lower limit of each rank; farther apart where edges run far to the side."""
    heights = [0.0] * rank_count
    for (_, height), item in zip(sizes, items, strict=True):
        heights[item.rank] = max(heights[item.rank], height)
    shifts = [0.0] * rank_count  # the farthest run to the side below each rank
    for path in paths:
        for upper, lower in zip(path[:-1], path[1:], strict=True):
            shifts[upper.rank] = max(shifts[upper.rank], abs(upper.x - lower.x))
    tops, bottoms, y = [], [], 0.0
    for height, shift in zip(heights, shifts, strict=True):
        tops.append(y)
        bottoms.append(y + height)
        y += height + RANK_GAP + RANK_GAP_PER_SHIFT * shift
    return tops, bottoms


def arrival_ports(items: list[Item], paths: list[list[Item]]) -> list[float]:
    """The x at which each edge meets its target: side by side, in the order they come from."""
    ports = [path[-1].x for path in paths]
    for item in items:
        arriving = [number for number, path in enumerate(paths) if path[-1] is item]
        arriving.sort(key=lambda number: paths[number][-2].x)
        gap = min(PORT_GAP, item.width / (len(arriving) + 1))
        for place, number in enumerate(arriving):
            ports[number] = item.x + (place - (len(arriving) - 1) / 2) * gap
    return ports
