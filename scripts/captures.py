"""Take the short looping films of the documentation from the running program.

    xvfb-run -a -s "-screen 0 1400x900x24" python -m scripts.captures [FOLDER] [--only NAME]

Each film shows one piece of the work on a sample image with the embedded profile; a mouse pointer
and the keys that are pressed are drawn in, for neither is part of a picture of the window.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QAbstractButton
from skimage.data import coins
from skimage.filters import gaussian

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

    def press(self, key: Qt.Key, name: str) -> None:
        """Press a key on the canvas, and show which."""
        self._key = name
        self.run(0.3)
        self.stage.press(key)
        self.run(0.7)
        self._key = ""

    def push(self, button: QAbstractButton) -> None:
        """Move to a button of the dock, which is brought into sight, and press it."""
        self.stage.dock.show_part(button)
        self.run(0.3)
        self.move(button.mapTo(self.stage.window, button.rect().center()) - self._corner())
        button.click()
        self.stage.wait_for_models()
        self.run(0.5)

    def save(self, path: Path) -> None:
        """Write an animated WebP that loops."""
        first, *rest = self._pictures
        first.save(
            path, save_all=True, append_images=rest, duration=1000 // RATE, loop=0, quality=QUALITY, method=4
        )
        print(path, f"{len(self._pictures) / RATE:.0f} s, {path.stat().st_size / 1e6:.2f} MB")

    def _corner(self) -> QPoint:
        """Return where the canvas begins in the window."""
        return self.stage.canvas.mapTo(self.stage.window, QPoint(0, 0))

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
        place = self._corner() + self._pointer
        x, y = place.x() * scale, place.y() * scale
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
    for row, col in ((120, 105), (58, 100), (125, 155)):
        film.press(Qt.Key.Key_N, "N")
        film.click(row, col)
        film.press(Qt.Key.Key_C, "C")
    film.run(1)
    return film


def film_stack(stage: Stage) -> Film:
    """Accept the objects of one plane, carry them through the stack, look at the others."""
    middle, planes = 4, 9
    blurred = [gaussian(coins(), abs(z - middle) * 1.2, preserve_range=True) for z in range(planes)]
    stage.viewer.add_image(np.stack(blurred).astype(np.uint8), name="coins", axis_labels=("z", "y", "x"))
    _find(stage, "coin: bright, round")
    stage.session.accept_all_instances("coin")
    stage.dock.propagate.fold.heading.setChecked(True)
    stage.show(stage.dock.propagate)
    film = Film(stage)
    film.run(1)
    film.push(stage.dock.propagate.carry)
    film.run(0.5)
    for z in (*range(middle, planes), *reversed(range(planes)), *range(middle + 1)):
        stage.viewer.dims.set_point(0, z)
        film.run(0.25)
    film.run(1)
    return film


def film_review(stage: Stage) -> Film:
    """Go through what was proposed, worst first: accept, reject."""
    stage.viewer.add_image(coins(), name="coins")
    _find(stage, "coin: bright, round")
    stage.show(stage.dock.review)
    film = Film(stage)
    film.run(1)
    film.push(stage.dock.review.start)
    film.run(1)
    film.press(Qt.Key.Key_R, "R")
    for _ in range(3):
        film.press(Qt.Key.Key_A, "A")
    film.run(1)
    return film


def film_large(stage: Stage) -> Film:
    """Run on what is in sight of a large image, then click in another corner of it."""
    stage.viewer.add_image(np.tile(coins(), (9, 7)), name="a large image")
    stage.session.add_classes("coin: bright, round")
    film = Film(stage)
    film.run(1)
    for zoom in np.geomspace(stage.viewer.scene.camera.zoom, 1.3, 10):
        stage.zoom(1300, 1300, zoom)
        film.run(1 / RATE)
    stage.dock.suggestions.suggest.click()
    stage.wait_for_models()
    stage.session.accept("coin")
    stage.show(stage.dock.run)
    stage.session.reach.choose_part(stage.dock.run.scope.part.itemData(1))
    film.run(0.7)
    film.push(stage.dock.run.run)
    film.run(2)
    return film


def _find(stage: Stage, classes: str) -> None:
    stage.session.add_classes(classes)
    stage.dock.suggestions.suggest.click()
    stage.wait_for_models()
    stage.session.accept(*stage.session.state.vocabulary.names)
    stage.dock.run.run.click()
    stage.wait_for_models()


FILMS = {"clicks": film_clicks, "stack": film_stack, "review": film_review, "large": film_large}


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
