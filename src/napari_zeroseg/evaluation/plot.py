"""A picture of which classes are taken for which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.scores.confusion import ratio
from napari_zeroseg.export.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

WHITE, INK, FAINT = (255, 255, 255), (32, 36, 44), (150, 156, 166)
EMPTY = (232, 234, 238)
"""Rows of classes that are not in the truth."""
STOPS = ((247, 251, 255), (198, 219, 239), (107, 174, 214), (33, 113, 181), (8, 48, 107))
"""The colour scale from 0 to 1: ColorBrewer's Blues, which also reads in grey."""
SIDE = 1000
"""Of the matrix in pixels, as far as cells can be read."""
SMALLEST, LARGEST = 11, 64
TELLING = 30
"""Cells of at least this side tell their number."""
MARGIN, SCALE = 24, 200
LONGEST = 26
"""Characters of a name that are shown."""


def write_confusion(path: Path, counts: NDArray[np.int64], title: str, names: Sequence[str]) -> None:
    """Draw the confusion matrix: each row is what became of the pixels of one class.

    Parameters
    ----------
    path : Path
        A PNG; replaced if it is there.
    counts : ndarray of int, shape (C, C) or (C, C + 1)
        Pixels by true class and found class; a last column is for none.
    title : str
        Above the picture.
    names : sequence of str
        Of the classes.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    picture = _Drawing(counts, title, tuple(map(_short, names))).picture()
    with replacing(path) as part:
        picture.save(part, "PNG", optimize=True)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def shade(share: float) -> tuple[int, int, int]:
    """Return the colour for a part of a whole, 0..1."""
    place = share * (len(STOPS) - 1)
    channels = (np.interp(place, range(len(STOPS)), channel) for channel in zip(*STOPS, strict=True))
    red, green, blue = (round(float(value)) for value in channels)
    return red, green, blue


@dataclass(frozen=True)
class _Drawing:
    counts: NDArray[np.int64]
    title: str
    names: tuple[str, ...]

    @cached_property
    def cell(self) -> int:
        return int(np.clip(SIDE // max(self.counts.shape), SMALLEST, LARGEST))

    @cached_property
    def font(self) -> Any:
        from PIL import ImageFont

        return ImageFont.load_default(min(15, max(9, self.cell - 3)))

    @cached_property
    def note(self) -> Any:
        from PIL import ImageFont

        return ImageFont.load_default(13)

    @cached_property
    def heading(self) -> Any:
        from PIL import ImageFont

        return ImageFont.load_default(18)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.names if self.counts.shape[1] == len(self.names) else (*self.names, "(no class)")

    @cached_property
    def label_width(self) -> int:
        return int(max(self.font.getlength(name) for name in self.columns)) + 10

    def picture(self) -> Any:
        from PIL import Image, ImageDraw

        rows, columns = self.counts.shape
        left, top = MARGIN + 24 + self.label_width, MARGIN + 62 + self.label_width
        width = max(left + columns * self.cell + MARGIN, 420)
        image = Image.new("RGB", (width, top + rows * self.cell + 70), WHITE)
        draw = ImageDraw.Draw(image)
        draw.text((MARGIN, MARGIN - 6), self.title, INK, self.heading)
        draw.text((MARGIN, MARGIN + 20), "Rows: true class. Columns: found class.", FAINT, self.note)
        self._cells(draw, left, top)
        self._names(image, draw, left, top)
        self._scale(draw, top + rows * self.cell + 22)
        return image

    def _cells(self, draw: Any, left: int, top: int) -> None:
        true = self.counts.sum(axis=1, keepdims=True)
        shares = ratio(self.counts, np.broadcast_to(true, self.counts.shape))
        gap = 1 if self.cell > SMALLEST else 0
        for (row, column), share in np.ndenumerate(shares):
            x, y = left + column * self.cell, top + row * self.cell
            fill = shade(float(share)) if np.isfinite(share) else EMPTY
            draw.rectangle((x, y, x + self.cell - 1 - gap, y + self.cell - 1 - gap), fill)
            if self.cell >= TELLING and np.isfinite(share) and share >= 0.005:
                ink = WHITE if share > 0.55 else INK
                center = (x + self.cell // 2, y + self.cell // 2)
                draw.text(center, f"{100 * share:.0f}", ink, self.font, anchor="mm")

    def _names(self, image: Any, draw: Any, left: int, top: int) -> None:
        from PIL import Image, ImageDraw

        half = self.cell // 2
        for row, name in enumerate(self.names):
            draw.text((left - 6, top + row * self.cell + half), name, INK, self.font, anchor="rm")
        for column, name in enumerate(self.columns):
            strip = Image.new("RGB", (self.label_width, self.cell), WHITE)
            ImageDraw.Draw(strip).text((4, half), name, INK, self.font, anchor="lm")
            image.paste(strip.rotate(90, expand=True), (left + column * self.cell, top - self.label_width))

    def _scale(self, draw: Any, y: int) -> None:
        for x in range(SCALE):
            draw.line((MARGIN + x, y, MARGIN + x, y + 12), shade(x / (SCALE - 1)))
        draw.text((MARGIN, y + 18), "0", FAINT, self.note, anchor="lt")
        draw.text((MARGIN + SCALE, y + 18), "100 %", FAINT, self.note, anchor="rt")
        draw.text((MARGIN + SCALE + 12, y + 6), "of the true pixels", FAINT, self.note, anchor="lm")
