"""The main job, shown on two images that scikit-image brings along."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_zeroseg.core.errors import NotNowError

if TYPE_CHECKING:
    from pathlib import Path

    import napari.viewer
    from numpy.typing import NDArray

    from napari_zeroseg.session.session import Session


@dataclass(frozen=True)
class Scene:
    """An image of ``skimage.data`` and what to look for in it."""

    image: str
    classes: str

    def pixels(self) -> NDArray[Any]:
        from skimage import data

        pixels: NDArray[Any] = getattr(data, self.image)()
        return pixels


SCENES = (
    Scene("immunohistochemistry", "nucleus: blue, round, small; stained tissue: brown"),
    Scene("coins", "coin"),
)


PATIENCE_S = 300.0
"""A run that takes longer than this on these small images hangs."""


def run_demo(out: Path | None) -> int:
    """Write results and pictures of the window into a folder, or open the window; return an exit code."""
    if out is None:
        _open_window()
    else:
        write_results(out)
        _write_screenshots(out)
    return 0


def write_results(out: Path) -> None:
    """Segment both scenes and write all files that the command line writes."""
    from napari_zeroseg.api import segment
    from napari_zeroseg.export.bundle import Bundle

    for scene in SCENES:
        result = segment(scene.pixels(), scene.classes, name=scene.image)
        bundle = Bundle(out, scene.image, result.vocabulary.names, formats=("coco",))
        for path in bundle.write(result):
            print(path)  # noqa: T201


def _open_window() -> None:
    import napari

    viewer = napari.Viewer(title="ZeroSeg")
    # the one that is shown comes last
    for scene in reversed(SCENES):
        _do_the_job(viewer, scene)
    napari.run()


def _write_screenshots(out: Path) -> None:
    import napari

    for scene in SCENES:
        viewer = napari.Viewer(title="ZeroSeg", show=True)
        viewer.window.resize(1400, 900)
        _do_the_job(viewer, scene)
        viewer.reset_view()
        _let_events_pass()
        path = out / f"{scene.image}_window.png"
        viewer.window.screenshot(str(path), canvas_only=False, flash=False)
        viewer.close()
        print(path)  # noqa: T201


def _do_the_job(viewer: napari.viewer.Viewer, scene: Scene) -> None:
    """Open the image and the dock, name the classes, accept them, and run."""
    from napari_zeroseg._widget import PLUGIN, open_dock
    from napari_zeroseg.core.vocabulary import Vocabulary

    viewer.open_sample(PLUGIN, scene.image)
    session = open_dock(viewer).session
    session.set_vocabulary(Vocabulary.parse(scene.classes))
    session.suggest()
    _wait_for(session)
    session.accept(*session.state.vocabulary.names)
    session.run()
    _wait_for(session)


def _wait_for(session: Session) -> None:
    """Let the window live until the models have answered."""
    end = time.monotonic() + PATIENCE_S
    while session.activity.running:
        if time.monotonic() > end:
            raise NotNowError("The models have not answered.", remedy="Start the demo again.")
        _let_events_pass()


def _let_events_pass() -> None:
    from qtpy.QtCore import QEventLoop
    from qtpy.QtWidgets import QApplication

    QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
    time.sleep(0.01)
