"""The main job, shown on two images that scikit-image brings along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


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


def run_demo(out: Path | None) -> int:
    """Write results of both scenes into a folder, or show them in the window; return an exit code."""
    if out is not None:
        write_results(out)
    show_window(out)
    return 0


def write_results(out: Path) -> None:
    """Segment both scenes and write all files that the command line writes."""
    from napari_zeroseg.api import segment
    from napari_zeroseg.export.bundle import Bundle

    for scene in SCENES:
        result = segment(scene.pixels(), scene.classes, name=scene.image)
        bundle = Bundle(out, scene.image, result.vocabulary.names, coco=True)
        for path in bundle.write(result):
            print(path)  # noqa: T201


def show_window(out: Path | None) -> None:
    """Do the job of the last scene in the window, as a person would.

    Parameters
    ----------
    out : Path, optional
        Where a screenshot goes, after which the window is closed. Without it the window stays open.
    """
    import napari

    viewer = napari.Viewer(title="ZeroSeg", show=True)
    for scene in reversed(SCENES):
        viewer.add_image(scene.pixels(), name=scene.image)
    if out is None:
        napari.run()
