"""The two searches of the layered layout: the order within each rank, and the places sideways."""

COLUMN_GAP = 22.0  # between neighbouring boxes in a rank, points
LANE_GAP = 12.0  # between a box and an edge that passes it, points
ORDER_SWEEPS = 24  # the order settles after a few
PLACE_SWEEPS = 100  # for each of the weights below
# How much more than other edges the edges within a column count. First columns find their places
# while they are soft, then they are made straight there.
COLUMN_WEIGHTS = (10.0, 100.0, 1e3, 1e4)


class Item:
    """A box or the bend of an edge, while its place is searched.

    Attributes
    ----------
    width : float
        0 for a bend.
    rank : int
        0 at the top.
    above, below : list of Item
        What it is connected with in the ranks next to its own.
    x : float
        Of its centre.
    """

    def __init__(self, width: float, rank: int):
        self.width = width
        self.rank = rank
        self.above: list[Item] = []
        self.below: list[Item] = []
        self.x = 0.0


def order_ranks(items: list[Item]) -> list[list[Item]]:
    """All items and bends by rank, each rank from left to right.

    Each rank is sorted by the mean place of its items' neighbours in the rank above, from top to
    bottom, then by that in the rank below, from bottom to top, and so on. This barycentre
    heuristic can also make things worse: the order with the fewest crossings is kept, of equal
    ones the first.
    """
    by_rank: list[list[Item]] = [[] for _ in range(max(item.rank for item in items) + 1)]
    for item in branch_by_branch(items):
        by_rank[item.rank].append(item)
    best, fewest = [list(rank) for rank in by_rank], crossings(by_rank)
    for sweep in range(ORDER_SWEEPS):
        downwards = sweep % 2 == 0
        for upper, lower in pairs(by_rank) if downwards else reversed(pairs(by_rank)):
            fixed, moving = (upper, lower) if downwards else (lower, upper)
            sort_by_neighbours(moving, fixed, downwards)
        if (found := crossings(by_rank)) < fewest:
            best, fewest = [list(rank) for rank in by_rank], found
    return best


def pairs(by_rank: list[list[Item]]) -> list[tuple[list[Item], list[Item]]]:
    """Each rank with the one below it."""
    return list(zip(by_rank[:-1], by_rank[1:], strict=True))


def branch_by_branch(items: list[Item]) -> list[Item]:
    """All items and bends, walking up from the ends: a merging box's first input comes first."""
    order: dict[Item, None] = {}  # a dict keeps the order, a set would not
    waiting = [item for item in reversed(items) if not item.below]
    while waiting:
        item = waiting.pop()
        if item not in order:
            order[item] = None
            waiting.extend(reversed(item.above))
    return list(order)


def sort_by_neighbours(moving: list[Item], fixed: list[Item], downwards: bool) -> None:
    """Sort a rank by where its items' neighbours stand in the rank above it (or below it)."""
    place = {item: number for number, item in enumerate(fixed)}
    barycentre = {}
    for number, item in enumerate(moving):
        neighbours = item.above if downwards else item.below
        found = [place[other] for other in neighbours]
        barycentre[item] = sum(found) / len(found) if found else number
    moving.sort(key=barycentre.get)


def crossings(by_rank: list[list[Item]]) -> int:
    """How many pairs of edges cross between neighbouring ranks."""
    total = 0
    for upper, lower in pairs(by_rank):
        place = {item: number for number, item in enumerate(lower)}
        # The lower ends, sorted by the upper ends: each pair in the wrong order is a crossing.
        ends = [end for item in upper for end in sorted(place[other] for other in item.below)]
        total += sum(later < end for at, end in enumerate(ends) for later in ends[at + 1 :])
    return total


def place_sideways(by_rank: list[list[Item]]) -> None:
    """Give each item its x: all edges as vertical as the order and the gaps allow.

    Minimises the sum over all edges of weight * (difference in x)**2, rank after rank, down and
    up, with the other ranks held fast.
    """
    for rank in by_rank:
        put_near(rank, [0.0] * len(rank), [1.0] * len(rank))
    for column_weight in COLUMN_WEIGHTS:
        for sweep in range(PLACE_SWEEPS):
            for rank in by_rank if sweep % 2 == 0 else reversed(by_rank):
                wishes = [wish(item, column_weight) for item in rank]
                put_near(rank, [x for x, _ in wishes], [weight for _, weight in wishes])


def wish(item: Item, column_weight: float) -> tuple[float, float]:
    """Where an item would stand if it were alone in its rank, and how strongly it wants that.

    An edge from an item that feeds nothing else to one that is fed by nothing else is part of a
    column. It weighs `column_weight`, all others 1.
    """
    moment = weights = 0.0
    for neighbours, upwards in ((item.above, True), (item.below, False)):
        for other in neighbours:
            upper, lower = (other, item) if upwards else (item, other)
            weight = column_weight if len(upper.below) == len(lower.above) == 1 else 1.0
            moment += weight * other.x
            weights += weight
    return (moment / weights, weights) if weights else (item.x, 1.0)


def put_near(rank: list[Item], wishes: list[float], weights: list[float]) -> None:
    """Set each item's x as near to its wish as the order and the gaps allow.

    Minimises sum(weight * (x - wish)**2) exactly, by pooling adjacent violators: items that
    would come too close form a block, which goes to the weighted mean of its items' wishes.
    """
    offsets = [0.0]  # of the centres from the first one, when all stand as close as they may
    for left, right in zip(rank[:-1], rank[1:], strict=True):
        gap = COLUMN_GAP if left.width and right.width else LANE_GAP
        offsets.append(offsets[-1] + left.width / 2 + gap + right.width / 2)
    blocks: list[tuple[float, float, int]] = []  # (x of the offset 0, weight, number of items)
    for target, weight, offset in zip(wishes, weights, offsets, strict=True):
        block = (target - offset, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            block = merged(blocks.pop(), block)
        blocks.append(block)
    starts = [x for x, _, count in blocks for _ in range(count)]
    for item, start, offset in zip(rank, starts, offsets, strict=True):
        item.x = start + offset


def merged(
    left: tuple[float, float, int], right: tuple[float, float, int]
) -> tuple[float, float, int]:
    """Two blocks as one, at the weighted mean of their places."""
    weight = left[1] + right[1]
    return (left[0] * left[1] + right[0] * right[1]) / weight, weight, left[2] + right[2]
