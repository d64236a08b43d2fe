"""Take the pictures of the documentation from the running program.

    xvfb-run -a -s "-screen 0 1400x900x24" python scripts/screenshots.py [FOLDER] [--theme dark|light]

Works through the main job on a sample image with the embedded profile, as a person would, and
saves a picture of the window at every step.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import napari
from PIL import Image
from qtpy.QtWidgets import QApplication, QWidget
from skimage.data import immunohistochemistry

from napari_zeroseg._qt.dock import Dock
from napari_zeroseg._widget import ZeroSegWidget

CLASSES = "nucleus: blue, round, small; brown membrane: brown"
SIZE = (1280, 800)
PATIENCE = 300.0  # seconds


def main() -> None:
    """Work through the main job and save a picture at every step."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer(show=True)
    viewer.theme = options.theme
    window = viewer.window._qt_window
    window.resize(*SIZE)
    widget = ZeroSegWidget(viewer)
    viewer.window.add_dock_widget(widget, name="ZeroSeg", area="right")

    def save(name: str) -> None:
        _settle(0.5)
        path = options.folder / f"{name}.png"
        window.grab().save(str(path))
        _shrink(path)
        print(path)

    _work(viewer, widget, save)
    viewer.close()


def _shrink(path: Path) -> None:
    """Keep 256 colours of a picture: enough for a window, at a third of the size."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/images"))
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    return parser.parse_args()


def _work(viewer: napari.Viewer, widget: ZeroSegWidget, save: Callable[[str], None]) -> None:
    dock, session = widget.dock, widget.session
    dock.export.folder.setText("results")
    save("empty")
    viewer.add_image(immunohistochemistry(), rgb=True, name="immunohistochemistry")
    dock.vocabulary.entry.setText(CLASSES)
    dock.vocabulary.add.click()
    _settle(2)
    save("classes")
    dock.suggestions.suggest.click()
    _wait(lambda: not session.activity.running)
    save("suggestions")
    session.accept(*session.state.vocabulary.names)
    dock.run.run.click()
    _wait(lambda: not session.activity.running)
    _show(dock, dock.run)
    save("run")
    best = max(session.state.instances, key=lambda i: i.score)
    session.begin(*best.key)
    x0, y0, x1, y1 = best.mask.box
    session.click((x0 + x1) / 2, (y0 + y1) / 2)
    _wait(lambda: session.state.draft is None or session.state.draft.score > 0)
    viewer.scene.camera.center, viewer.scene.camera.zoom = ((y0 + y1) / 2, (x0 + x1) / 2), 6
    _show(dock, dock.refine)
    save("refine")
    session.discard()
    _show(dock, dock.export)
    save("export")


def _show(dock: Dock, part: QWidget) -> None:
    dock.show_part(part)
    _settle(0.2)


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("The models did not answer in time.")
        _settle(0.05)


def _settle(seconds: float) -> None:
    """Let the window draw what is waiting to be drawn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


if __name__ == "__main__":
    main()
