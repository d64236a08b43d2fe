"""An image in napari with the dock beside it, and the saved work on it taken up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from pathlib import Path

    import napari.viewer

    from napari_zeroseg._widget import ZeroSegWidget


def open_window(image: Path, work: Path | None) -> None:
    """Open napari on an image, and return when it is closed.

    Parameters
    ----------
    image : Path
        What napari opens.
    work : Path or None
        The folder in which the work on the image is saved; beside it by default.

    Raises
    ------
    BadFileError
        When the image is not there.
    """
    import napari

    if not image.exists():
        raise BadFileError(f"There is no image '{image}'.")
    viewer = napari.Viewer(title="ZeroSeg")
    show(viewer, image, work)
    napari.run()


def show(viewer: napari.viewer.Viewer, image: Path, work: Path | None) -> ZeroSegWidget:
    """Open an image and the dock in a viewer; earlier work is taken up as soon as it is found."""
    from napari_zeroseg._widget import TITLE, ZeroSegWidget

    viewer.open(str(image.absolute()), plugin=None)
    widget = ZeroSegWidget(viewer, work=work)
    viewer.window.add_dock_widget(widget, name=TITLE, area="right")
    restore = partial(_restore, widget)
    widget.autosave.changed.connect(restore)
    restore()
    return widget


def correct(viewer: napari.viewer.Viewer, widget: ZeroSegWidget, image: Path, work: Path) -> None:
    """Open an image of a batch in a viewer, with the work on it taken up, and saved where it came from.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Where it is shown.
    widget : ZeroSegWidget
        The dock of the viewer.
    image : Path
        Absolute; where it is shown already, it is chosen.
    work : Path
        The folder with the work of the batch.
    """
    shown = next((layer for layer in viewer.layers if layer.source.path == str(image)), None)
    if shown is None:
        widget.autosave.keep_in(image, work)
        widget.autosave.changed.connect(partial(_take_up, widget, image))
        shown = viewer.open(str(image), plugin=None)[0]
    viewer.layers.selection.active = shown


def _take_up(widget: ZeroSegWidget, image: Path) -> None:
    source = widget.session.source
    content = source.content if source is not None else None
    if widget.autosave.offer is not None and content is not None and content.path == image:
        widget.autosave.restore()


def _restore(widget: ZeroSegWidget) -> None:
    offer = widget.autosave.offer
    if offer is None:
        return
    recipe = offer.saved.timeline.recipe
    if recipe is not None:  # to go on with what the work was done with
        widget.session.refining.assume(recipe, {})
    widget.autosave.restore()
