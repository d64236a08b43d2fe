"""Take the short looping films of the documentation from the running program.

    xvfb-run -a -s "-screen 0 1400x900x24" python -m scripts.captures [FOLDER] [--only NAME]

Each film shows one piece of the work on a sample image with the embedded profile; a mouse pointer
and the keys that are pressed are drawn in, for neither is part of a picture of the window.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from qtpy.QtCore import QPoint, Qt
from skimage.data import coins

from scripts.stage import Stage, settle

SIZE = (1280, 800)
WIDTH = 960  # of a film: legible in a page
RATE = 8  # pictures in a second
QUALITY = 60
POINTER = [(0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12)]


class Film:
    """Pictures of a stage, one after the other.

    Parameters
    ----------
    stage : Stage
        What is filmed.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._pictures: list[Image.Image] = []
        self._pointer = QPoint(40, 40)
        self._key = ""

    def run(self, seconds: float) -> None:
        """Film for so long."""
        for _ in range(max(1, round(seconds * RATE))):
            settle(1 / RATE)
            self._pictures.append(self._picture())

    def move(self, place: QPoint, seconds: float = 0.6) -> None:
        """Move the pointer over the canvas."""
        start, steps = self._pointer, max(1, round(seconds * RATE))
        for step in range(1, steps + 1):
            share = step / steps
            self._pointer = start + (place - start) * (share * share * (3 - 2 * share))
            self.run(1 / RATE)

    def click(self, row: float, col: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Move to a place of the world and click there."""
        place = self.stage.place_of(row, col)
        self.move(place)
        self.stage.click(place, button)
        self.stage.wait_for_models()
        self.run(0.8)

    def press(self, key: Qt.Key, name: str, act: Callable[[], None] | None = None) -> None:
        """Press a key on the canvas, and show which; ``act`` is done in its place if given."""
        self._key = name
        self.run(0.3)
        if act is None:
            self.stage.press(key)
        else:
            act()
        self.run(0.7)
        self._key = ""

    def save(self, path: Path) -> None:
        """Write an animated WebP that loops."""
        first, *rest = self._pictures
        first.save(
            path, save_all=True, append_images=rest, duration=1000 // RATE, loop=0, quality=QUALITY, method=4
        )
        print(path, f"{len(self._pictures) / RATE:.0f} s, {path.stat().st_size / 1e6:.2f} MB")

    def _picture(self) -> Image.Image:
        pixmap = self.stage.grab()
        image = pixmap.toImage().convertToFormat(pixmap.toImage().Format.Format_RGB888)
        stride = image.bytesPerLine()
        picture = Image.frombuffer(
            "RGB", (image.width(), image.height()), image.constBits().tobytes(), "raw", "RGB", stride
        )
        height = round(picture.height * WIDTH / picture.width)
        scaled = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
        self._draw(ImageDraw.Draw(scaled), WIDTH / picture.width)
        return scaled

    def _draw(self, pen: ImageDraw.ImageDraw, scale: float) -> None:
        corner = self.stage.canvas.mapTo(self.stage.window, self._pointer)
        x, y = corner.x() * scale, corner.y() * scale
        pen.polygon([(x + dx, y + dy) for dx, dy in POINTER], fill="white", outline="black")
        if self._key:
            font = ImageFont.load_default(22)
            left, top, right, bottom = pen.textbbox((24, 24), self._key, font=font)
            pen.rounded_rectangle((left - 10, top - 8, right + 10, bottom + 8), 6, fill="#202020")
            pen.text((24, 24), self._key, font=font, fill="white")


def film_clicks(stage: Stage) -> Film:
    """Draw an object with clicks, correct it, commit it."""
    stage.viewer.add_image(coins(), name="coins")
    stage.session.add_classes("coin")
    stage.zoom(100, 130, 3.4)
    stage.show(stage.dock.refine)
    film = Film(stage)
    film.run(0.5)
    film.press(Qt.Key.Key_N, "N")
    film.click(120, 105)
    film.click(107, 111)
    film.press(Qt.Key.Key_C, "C")
    film.press(Qt.Key.Key_N, "N")
    film.click(58, 100)
    film.press(Qt.Key.Key_C, "C")
    film.run(1)
    return film


FILMS = {"clicks": film_clicks}


def main() -> None:
    """Take all films, or one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/films"))
    parser.add_argument("--only", choices=FILMS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in [options.only] if options.only else FILMS:
        stage = Stage(SIZE)
        FILMS[name](stage).save(options.folder / f"{name}.webp")
        stage.close()


if __name__ == "__main__":
    main()
