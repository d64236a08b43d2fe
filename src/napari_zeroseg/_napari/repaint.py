"""Drawing again what has changed in a Labels layer, and no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari.layers import Labels

    Window = tuple[slice, slice]
    Plane = tuple[int, ...]


def repaint(layer: Labels, plane: Plane, window: Window, *, thumbnail: bool = True) -> None:
    """Show what a layer's data holds in a window of a plane, at a cost that does not grow with the plane.

    ``Labels.refresh`` sends the whole plane to the graphics card, and maps all of it to colours
    first where labels have more than 16 bits. What is drawn here goes the way of napari's own
    brush. Where the layer is not shown as that plane, it is left to napari.

    Parameters
    ----------
    layer : Labels
        Whose data has changed.
    plane : tuple of int
        Indices of the axes before the last two.
    window : tuple of slice
        Rows and columns that hold all that has changed, with start and stop within the plane.
    thumbnail : bool
        Whether the list of layers shows it too, which is drawn anew for it.
    """
    if not layer.visible:
        return  # napari slices it anew when it is shown
    if not _is_flat(layer):
        layer.refresh(highlight=False, extent=False)
    elif layer.loaded and _shown_plane(layer) == plane:
        _redraw(layer, plane, _with_rim(layer, window))
        if thumbnail:
            layer._update_thumbnail()  # the public refresh would slice the whole plane


def recolor(layer: Labels, colormap: Any) -> None:
    """Give a layer other colours; its labels stay on the graphics card as they are."""
    if layer.data.dtype.itemsize > 2:  # the labels themselves are mapped to rows of the table
        layer.colormap = colormap
        return
    with layer._block_refresh():
        layer.colormap = colormap
    if layer.loaded:
        layer._update_thumbnail()


def _redraw(layer: Labels, plane: Plane, window: Window) -> None:
    image = layer._slice.image
    if not isinstance(layer.data, np.ndarray):  # what lies in a file was copied to be shown
        image.raw[window] = np.asarray(layer.data[(*plane, *window)])
    shown = layer._raw_to_displayed(image.raw, window)
    image.view[window] = shown
    layer.events.labels_update(data=shown, offset=[axis.start for axis in window])


def _is_flat(layer: Labels) -> bool:
    """Whether the last two axes are shown, rows downwards."""
    return list(layer._slice_input.displayed) == [layer.ndim - 2, layer.ndim - 1]


def _shown_plane(layer: Labels) -> Plane:
    index = layer._get_pt_not_disp()
    return tuple(int(index[axis]) for axis in sorted(index))


def _with_rim(layer: Labels, window: Window) -> Window:
    """Return the window with what contours of its labels may touch."""
    rim, (height, width) = int(layer.contour), layer.data.shape[-2:]
    rows, cols = (
        slice(max(axis.start - rim, 0), min(axis.stop + rim, size))
        for axis, size in zip(window, (height, width), strict=True)
    )
    return rows, cols
