"""The path that `plot_model` returns, which a notebook shows as the picture itself."""

import struct
from pathlib import Path


class FigureFile(type(Path())):
    """A path as any other; a notebook shows the png or svg file that it names."""

    def _repr_png_(self) -> tuple[bytes, dict] | None:
        """The picture, half its pixels wide: 200 to the inch are more than a screen has."""
        if self.suffix.lower() != ".png" or not self.is_file():
            return None
        picture = self.read_bytes()
        (width,) = struct.unpack(">I", picture[16:20])  # where a png file has it
        return picture, {"width": width // 2}

    def _repr_svg_(self) -> str | None:
        is_svg = self.suffix.lower() == ".svg" and self.is_file()
        return self.read_text(encoding="utf-8") if is_svg else None
