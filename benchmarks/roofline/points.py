"""The kernels of the models, in the order of the table."""

from benchmarks.roofline import convolutions, others
from benchmarks.roofline.point import Point

BATCH = 30  # images, as in the article


def all_points(batch: int = BATCH) -> list[Point]:
    """All kernels at the models' sizes."""
    points = convolutions.pooled_dense_points(batch)
    for size in (7, 5, 3):
        points += convolutions.rows_points(batch, size)
    points += [
        convolutions.pooling_point(batch),
        *others.thin_dense_points(batch),
        *convolutions.pooled_points(batch),
        *convolutions.winograd_points(batch),
        *convolutions.winograd_points(batch, "compact_cnn", 8, 16),
        *others.wide_dense_points(batch),
    ]
    points.append(others.adam_point("tiny_cnn", (32856, 2)))
    points.append(others.adam_point("cnn_dropout", (82944, 64)))
    return points + others.dropout_points(batch)
