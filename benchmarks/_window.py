"""The real window on a virtual screen, clicked with the mouse, and what is drawn in it timed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.mask import Logits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_zeroseg.backends.registry import Backends
    from napari_zeroseg.core.prompt import Prompt
    from napari_zeroseg.core.recipe import Recipe

ROOT = Path(__file__).parents[1]
SAM = "sam:vit-b"
ZOOM = 2.0
RADIUS = 30
PATIENCE = 300.0


def on_a_screen(module: str, *arguments: str) -> None:
    """Run a module of the benchmarks on a screen, with nothing of this user's settings or caches."""
    with tempfile.TemporaryDirectory(prefix="zeroseg-bench-") as folder:
        own = {f"NAPARI_ZEROSEG_{name}": str(Path(folder) / name) for name in ("CONFIG", "CACHE", "MODELS")}
        command = [str(ROOT / "scripts" / "without-screen"), sys.executable, "-m", module, *arguments]
        own["NAPARI_CONFIG"] = str(Path(folder) / "napari.yaml")
        subprocess.run(command, check=True, env=os.environ | own)


def discs(side: int) -> tuple[np.ndarray[Any, Any], list[tuple[int, int]]]:
    """Return a noisy image of discs, uint8, and the centres (row, column) of some near its middle."""
    rng = np.random.default_rng(0)
    image = rng.integers(20, 30, (side, side), dtype=np.uint8)
    rows, cols = np.ogrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    disc = rows**2 + cols**2 <= RADIUS**2
    places = range(RADIUS + 10, side - RADIUS - 10, 3 * RADIUS)
    for y in places:
        for x in places:
            window = image[y - RADIUS : y + RADIUS + 1, x - RADIUS : x + RADIUS + 1]
            window[disc] += 120
    middle = sorted(places, key=lambda place: abs(place - side / 2))[:4]
    return image, [(y, x) for y in middle for x in middle]


class Disc:
    """Answers as a segmenter of random weights would, after all its work, but with a disc.

    Random weights draw noise all over the image; what is drawn here is as large as an object.
    """

    def __init__(self, segmenter: Any) -> None:
        self.embed, self._segment = segmenter.embed, segmenter.segment

    def segment(self, embedding: Any, prompts: Sequence[Prompt]) -> list[Logits]:
        answers = self._segment(embedding, prompts)
        return [_disc_at(p, a.score) for p, a in zip(prompts, answers, strict=True)]


def _disc_at(prompt: Prompt, score: float) -> Logits:
    row, col = round(prompt.points[0].y), round(prompt.points[0].x)
    rows, cols = np.ogrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    values = (RADIUS - np.hypot(rows, cols)).astype(np.float32)
    return Logits((row - RADIUS, col - RADIUS), values, score)


def backends(recipe: Recipe) -> Backends:
    """Return the backends of a recipe; SAM answers with discs."""
    from napari_zeroseg.backends.registry import backends_of

    made = backends_of(recipe)
    return replace(made, segmenter=Disc(made.segmenter)) if SAM in recipe.backends.values() else made


def write_sam() -> None:
    """Put a full-size SAM of random weights where its published files would be."""
    from benchmarks.sam import _write_weights
    from napari_zeroseg.backends.catalog import find
    from napari_zeroseg.backends.entry import Role
    from napari_zeroseg.backends.weights.places import folder_of

    weights = find(Role.SEGMENTER, SAM).weights
    assert weights is not None
    _write_weights(folder_of(weights))


class Window:
    """A viewer with the dock, and a clock that stops when pixels have changed on the canvas."""

    def __init__(self, recipe: Recipe) -> None:
        import napari

        from napari_zeroseg._qt.gui_thread import GuiThread
        from napari_zeroseg._widget import ZeroSegWidget
        from napari_zeroseg.session.runner import Runner, models_thread
        from napari_zeroseg.session.session import Session

        self.viewer = napari.Viewer(show=True)
        self.viewer.window._qt_window.resize(1280, 800)
        self._models = models_thread()
        self.session = Session(Runner(self._models, GuiThread()), recipe, backends)
        self.widget = ZeroSegWidget(self.viewer, self.session)
        self.viewer.window.add_dock_widget(self.widget, name="ZeroSeg", area="right")
        self._canvas = self.viewer.window._qt_viewer.canvas
        self._watched: tuple[int, int] | None = None
        self._seen: tuple[tuple[float, float], bytes] = ((0.0, 0.0), b"")
        self._canvas._scene_canvas.events.draw.connect(self._on_draw, position="last")
        settle(1)

    def close(self) -> None:
        self.viewer.close()

    def wait_for_models(self) -> None:
        """Let the window work until the models' thread has ended all that it was given."""
        wait(self._models.submit(int).done)

    def look_at(self, row: float, col: float) -> None:
        camera = self.viewer.scene.camera
        camera.center, camera.zoom = (row, col), ZOOM

    def place(self, row: float, col: float) -> tuple[int, int]:
        """Return where a place of the image is on the canvas, x and y."""
        camera, native = self.viewer.scene.camera, self._canvas.native
        center = camera.center[-2:]
        return (
            round((col - center[1]) * camera.zoom + native.width() / 2),
            round((row - center[0]) * camera.zoom + native.height() / 2),
        )

    def click(self, row: float, col: float) -> None:
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        place = QPoint(*self.place(row, col))
        QTest.mouseMove(self._canvas.native, place)
        QTest.mouseClick(self._canvas.native, Qt.MouseButton.LeftButton, pos=place)

    def seconds_until_drawn(self, row: float, col: float, act: Callable[[], object]) -> tuple[float, float]:
        """Return how long it takes from an act until a pixel of the canvas has another colour.

        By the clock on the wall, and in time of the processors, which other programs change less.
        """
        self._watched = self.place(row, col)
        self._canvas._scene_canvas.update()
        settle(0.1)
        before = self._seen[1]
        start = self._now()
        act()
        wait(lambda: self._seen[1] != before)
        self._watched = None
        wall, processor = (end - begun for end, begun in zip(self._seen[0], start, strict=True))
        return wall, processor

    def _now(self) -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def _on_draw(self, _event: Any) -> None:
        if self._watched is None:
            return
        from vispy.gloo import read_pixels

        x, y = self._watched
        color = read_pixels((x, self._canvas.native.height() - 1 - y, 1, 1)).tobytes()
        if color != self._seen[1]:
            self._seen = self._now(), color


def wait(done: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    from qtpy.QtWidgets import QApplication

    end = time.perf_counter() + PATIENCE
    while not done():
        if time.perf_counter() > end:
            raise TimeoutError("Nothing was drawn in time.")
        QApplication.processEvents()
        time.sleep(0.0005)


def settle(seconds: float) -> None:
    """Let the window draw what is waiting to be drawn."""
    end = time.perf_counter() + seconds
    wait(lambda: time.perf_counter() > end)
