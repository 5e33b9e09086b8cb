"""What a control leaves of an image, and which labels it gets.

Images are (height, width) uint8 arrays of the size at which the network takes them, masks bool
arrays of that shape from `covid.data.lung_mask.lung_mask`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from covid.data.lung_mask import hulls

FRAME = 0.1  # of height and width: how wide the border is on each side


def lungs_blacked_out(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The image without its lungs: the convex hull of each is black; as it is if there is none."""
    return np.where(hulls(mask), 0, image).astype(np.uint8)


def border_only(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A frame at the image's edge, without the lungs where they reach into it; the rest is black.

    In a raw slice that is air, table and arms. The contour crop cuts all four sides: after it
    the frame shows the chest wall and the air beside it on the left and on the right, the front
    of the chest or the lungs' tips above, and the back or the table below. The lungs that then
    lie in the frame are blacked out, too; so whatever is still recognized is not lung.
    """
    height, width = image.shape
    down, across = round(FRAME * height), round(FRAME * width)
    framed = lungs_blacked_out(image, mask)
    framed[down : height - down, across : width - across] = 0
    return framed


def lungs_only(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The lungs of the image, all else black; all black where no lung was found."""
    return np.where(mask, image, 0).astype(np.uint8)


def permuted_labels(
    labels: np.ndarray, groups: Sequence[str], parts: Sequence[str], seed: int
) -> np.ndarray:
    """Labels that have nothing to do with the images, one for each group.

    Yagis et al. 2021, "Effect of data leakage in brain MRI classification using 2D convolutional
    neural networks" (Scientific Reports 11, 22544), trained on labels given to patients at
    random: a model can only score in the test if it knows the patients from the training.

    Groups are permuted within the parts that share groups: within each part where groups are
    whole, among all where slices were split at random. As many groups as before get label 1,
    counted by the share of their images with label 1. To keep the permuted labels from being
    the true ones by chance, which with few patients is likely, every second group or so is taken
    from a list in which the groups of each class stand together in random order (systematic
    sampling): each class gives the same share of its groups to each of the new classes. Where
    all images are one group, or a part would lose a class, the images are permuted one by one.

    Parameters
    ----------
    labels : (n,) int array
        The true ones; the result is like it.
    groups : sequence of str
        Of each image. For images of no known group: a name of its own for each.
    parts : sequence of str
        Of each image: "train", "validate" or "test".
    seed : int
    """
    rng = np.random.default_rng((seed, 0x9E12))
    labels, parts = np.asarray(labels), np.asarray(parts)
    codes = np.unique(np.asarray(groups), return_inverse=True)[1]
    permuted = labels.copy()
    for stratum in sharing_groups(codes, parts):
        inside = np.isin(parts, sorted(stratum))
        permuted[inside] = sampled(labels[inside], codes[inside], rng)
    if any(len(set(permuted[parts == part])) < 2 for part in set(parts)):
        for part in sorted(set(parts)):
            permuted[parts == part] = rng.permutation(labels[parts == part])
    return permuted


def sharing_groups(codes: np.ndarray, parts: np.ndarray) -> list[set[str]]:
    """The parts of a split, those that have a group in common together."""
    strata: list[set[str]] = [{part} for part in sorted(set(parts))]
    for code in np.unique(codes):
        touched = set(parts[codes == code])
        merged = [stratum for stratum in strata if stratum & touched]
        if len(merged) > 1:
            strata = [stratum for stratum in strata if stratum not in merged]
            strata.append(set().union(*merged))
    return strata


def sampled(labels: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """New labels, (n,), for images of these groups; see `permuted_labels`."""
    present, codes = np.unique(codes, return_inverse=True)
    if len(present) < 2:
        return rng.permutation(labels)
    shares = np.bincount(codes, weights=labels) / np.bincount(codes)
    positive = int(np.clip(round(shares.sum()), 1, len(present) - 1))
    shuffled = rng.permutation(len(present))
    listed = shuffled[np.argsort(shares[shuffled], kind="stable")]
    # `positive` of them, evenly spread over the list: where this staircase takes a step.
    steps = np.floor(np.arange(len(present) + 1) * positive / len(present) + rng.random())
    chosen = np.zeros(len(present), labels.dtype)
    chosen[listed] = np.diff(steps)
    return chosen[codes]
