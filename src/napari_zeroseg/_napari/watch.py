"""Keeps a session on the image and plane that the viewer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image

from napari_zeroseg._napari.image_source import image_source
from napari_zeroseg._napari.ownership import find_image, owner
from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel

    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource


def watch_images(viewer: ViewerModel, session: Session) -> Callable[[], None]:
    """Open in the session what the viewer shows, now and from now on; return what stops it."""
    return ImageWatch(viewer, session).stop


class ImageWatch:
    """Follows the active layer, the sliders and the image's display settings.

    The active layer is the image when it is one; when it shows results, their image is; any
    other layer leaves the session where it is. New display settings make a new source, because
    models see what the user sees.
    """

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = viewer
        self._session = session
        self._image: Image | None = None
        self._keys: set[Any] = set()
        self._complaint = ""
        self._seen: tuple[Any, ...] | None = None
        viewer.layers.selection.events.active.connect(self._on_view_change)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        for event in self._dims_events():
            event.connect(self._on_view_change)
        self._on_view_change()

    def stop(self) -> None:
        """Leave no callback behind."""
        self._watch_display(None)
        self._viewer.layers.selection.events.active.disconnect(self._on_view_change)
        self._viewer.layers.events.removed.disconnect(self._on_layer_removed)
        for event in self._dims_events():
            event.disconnect(self._on_view_change)

    def _dims_events(self) -> tuple[Any, ...]:
        events = self._viewer.dims.events
        return events.current_step, events.ndisplay, events.order

    def _on_view_change(self, _event: Any = None) -> None:
        image = self._chosen()
        if image is not self._image:
            self._watch_display(image)
        if image is None or image.ndim > self._viewer.dims.ndim:
            # a layer is announced as active before the sliders know its axes
            return
        try:
            self._open(image_source(image, self._viewer.dims))
        except ZeroSegError as error:
            self._session.open(None)
            self._complain(error)

    def _open(self, source: ImageSource) -> None:
        self._complaint = ""
        present = self._session.source
        seen = (source.key, source.plane, source.composition)
        # the same source is kept as long as it can be: it holds the pixels once they are read
        if present is None or seen != self._seen:
            self._seen = seen
            self._keys.add(source.key)
            self._session.open(source)

    def _on_data_change(self, _event: Any = None) -> None:
        self._seen = None
        self._on_view_change()

    def _complain(self, error: ZeroSegError) -> None:
        # once, not for every step of a slider
        if self._complaint != str(error):
            self._complaint = str(error)
            self._session.problem_raised.emit(error)

    def _chosen(self) -> Image | None:
        layers = self._viewer.layers
        active = layers.selection.active
        if isinstance(active, Image):
            return active
        key = owner(active)
        shown = find_image(layers, key) if key is not None else None
        if shown is None and self._image in layers:
            shown = self._image
        return shown or next((layer for layer in reversed(layers) if isinstance(layer, Image)), None)

    def _watch_display(self, image: Image | None) -> None:
        self._connect_display("disconnect")
        self._image = image
        self._connect_display("connect")

    def _connect_display(self, verb: str) -> None:
        if self._image is not None:
            events = self._image.events
            for event in (events.contrast_limits, events.gamma, events.colormap):
                getattr(event, verb)(self._on_view_change)
            getattr(events.data, verb)(self._on_data_change)

    def _on_layer_removed(self, event: Any) -> None:
        gone = {key for key in self._keys if key.layer == event.value.unique_id}
        self._keys -= gone
        for key in gone:
            self._session.forget(key)
        if gone:
            self._on_view_change()
