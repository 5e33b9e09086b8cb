"""The tables in README.md and WINOGRAD.md: written by the program, so that no number is typed.

A page has a pair of comments for each table; what stands between them is replaced.
"""

from pathlib import Path

from minicnn.files import atomic_write


def replace_table(page: Path, name: str, lines: list[str]) -> None:
    """Put `lines` between the two comments of that name in a page.

    Raises
    ------
    ValueError
        If the page does not have them.
    """
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(
            f"{page.name}: expected one pair of comments {begin.strip()} ... {end}, found none or "
            "several; put them where the table belongs"
        )
    before, after = text.split(begin)[0], text.split(end)[1]
    write_text(page, before + begin + "\n".join(["", *lines, "", end]) + after)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")


def table(heads: list[str], rows: list[list[str]], left: int = 1) -> list[str]:
    """A Markdown table; the first `left` columns are words, the others numbers."""
    marks = ["---" if column < left else "---:" for column in range(len(heads))]
    return [f"| {' | '.join(cells)} |" for cells in (heads, marks, *rows)]


def limits_table(limits: dict) -> list[str]:
    """What the machine can do."""
    rows = [
        ["multiply-adds in registers", f"{limits['peak']:.0f} GFLOP/s"],
        ["matrix product of NumPy's BLAS", f"{limits['sgemm']:.0f} GFLOP/s"],
        ["four taps along a row, aligned", f"{limits['taps_aligned']:.0f} GFLOP/s"],
        ["four taps along a row, shifted", f"{limits['taps_shifted']:.0f} GFLOP/s"],
        ["read, arrays in the cache", f"{limits['read_cache']:.0f} GB/s"],
        ["copy, arrays in the cache", f"{limits['copy_cache']:.0f} GB/s"],
        ["change in place, arrays in the cache", f"{limits['update_cache']:.0f} GB/s"],
        ["read, arrays far larger than the cache", f"{limits['read_memory']:.0f} GB/s"],
        ["copy, arrays far larger than the cache", f"{limits['copy_memory']:.0f} GB/s"],
        [
            "change in place, arrays far larger than the cache",
            f"{limits['update_memory']:.0f} GB/s",
        ],
        ["until a sleeping thread begins to work", f"{limits['wake_up'] * 1e6:.0f} µs"],
        ["until a watching thread begins to work", f"{limits['hand_over'] * 1e6:.0f} µs"],
    ]
    return table(["limit", "measured"], rows)


def kernels_table(kernels: list[dict]) -> list[str]:
    """Every kernel against its limit."""
    heads = ["", "kernel", "MFLOP", "MFLOP by definition", "MB", "FLOP/byte", "ms", "GFLOP/s"]
    heads += ["GB/s", "limit", "share of the limit"]
    rows = [
        [
            str(number),
            kernel["name"],
            f"{kernel['flop'] / 1e6:.4g}",
            f"{kernel['direct_flop'] / 1e6:.4g}" if kernel["direct_flop"] else "same",
            f"{kernel['traffic'] / 1e6:.3g}",
            f"{kernel['intensity']:.2g}",
            f"{kernel['ms']:.3g}",
            f"{kernel['gflops']:.3g}",
            f"{kernel['gbytes']:.3g}",
            kernel["limit"],
            f"{kernel['share']:.0%}",
        ]
        for number, kernel in enumerate(kernels, 1)
    ]
    return table(heads, rows, left=2)


def blas_table(rows: list[dict]) -> list[str]:
    """NumPy's products with each setting, as ratios to the library's own choice."""
    heads = ["OPENBLAS_CORETYPE", "kernels in use"]
    heads += ["1536x1536 matrices", "36 products of Winograd's", "dense 82944->64"]
    cells = [
        [row["setting"] or "not set", row["core"]]
        + [
            f"{row[kind]:.0f} GFLOP/s ({row[kind] / rows[0][kind]:.2f})"
            for kind in ("large", "winograd", "dense")
        ]
        for row in rows
    ]
    return table(heads, cells, left=2)


def waiting_table(rows: list[dict]) -> list[str]:
    """A kernel behind a product of BLAS, with each waiting time of its threads."""
    heads = ["OPENBLAS_THREAD_TIMEOUT", "right after the product", "0.2 s later"]
    cells = [
        [row["setting"] or "not set", f"{row['at_once']:.0f} ms", f"{row['rested']:.0f} ms"]
        for row in rows
    ]
    return table(heads, cells)


def accuracy_table(rows: list[dict]) -> list[str]:
    """Errors of Winograd's methods."""
    heads = ["float32, against float64", "products an output"]
    heads += ["largest error", "typical error", "typical, times direct"]
    cells = [
        [
            row["method"],
            f"{row['products']:.3g}",
            f"{row['largest']:.1e}",
            f"{row['typical']:.1e}",
            f"{row['typical'] / rows[0]['typical']:.1f}",
        ]
        for row in rows
    ]
    return table(heads, cells)
