"""Keeps a session on the images and plane that the viewer shows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.layers import Image

from napari_zeroseg._napari.channel_group import channel_group
from napari_zeroseg._napari.image_source import image_source
from napari_zeroseg._napari.layer_axes import file_of, layer_axes, tell_axes
from napari_zeroseg._napari.ownership import find_image, owner
from napari_zeroseg._napari.split import channels_of, split_layers
from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.components import ViewerModel

    from napari_zeroseg.core.channels import Channel
    from napari_zeroseg.core.volume import Volume
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource

    Beside = Callable[[Callable[[], Any], Callable[[Any], None], Callable[[Exception], None]], None]

KEPT = 4
"""Sources of so many planes and images are kept, for a person who goes to and fro between them."""
LOOKING = "The file of the image is being asked what its axes mean."


def at_once(
    work: Callable[[], Any], on_done: Callable[[Any], None], on_problem: Callable[[Exception], None]
) -> None:
    """Do work here and now."""
    try:
        done = work()
    except ZeroSegError as problem:
        on_problem(problem)
    else:
        on_done(done)


def watch_images(viewer: ViewerModel, session: Session, beside: Beside = at_once) -> Callable[[], None]:
    """Open in the session what the viewer shows, now and from now on; return what stops it.

    ``beside`` does work that may take a while beside the window.
    """
    return ImageWatch(viewer, session, beside).stop


class ImageWatch:
    """Follows the active layer, the sliders and how the images are shown.

    The active layer is the image when it is one; when it shows results, their image is; any
    other layer leaves the session where it is. Images that are blended additively with it belong
    to it. New display settings make a new source, because models see what the user sees.
    """

    def __init__(self, viewer: ViewerModel, session: Session, beside: Beside) -> None:
        self._viewer = viewer
        self._session = session
        self._beside = beside
        self._image: Image | None = None
        self._group: tuple[Image, ...] = ()
        self._files: WeakKeyDictionary[Image, Volume | None] = WeakKeyDictionary()
        """What the files of images told, None before and where they told nothing."""
        self._waiting: Image | None = None
        self._keys: set[Any] = set()
        self._complaint = ""
        self._seen: tuple[Any, ...] | None = None
        self._latest: list[tuple[Any, ImageSource, Any]] = []
        """How images were shown lately, with their sources and data; the latest first."""
        for event, slot in self._connections():
            event.connect(slot)
        for signal, heard in self._wishes():
            signal.connect(heard)
        self._on_view_change()

    def stop(self) -> None:
        """Leave no callback behind."""
        self._watch_display(())
        for event, slot in self._connections():
            event.disconnect(slot)
        for signal, heard in self._wishes():
            signal.disconnect(heard)

    def _connections(self) -> list[tuple[Any, Callable[..., None]]]:
        layers, dims = self._viewer.layers.events, self._viewer.dims.events
        changes = (self._viewer.layers.selection.events.active, dims.current_step, dims.ndisplay, dims.order)
        arrangement = (layers.inserted, layers.reordered)
        return [
            *((event, self._on_view_change) for event in changes),
            *((event, self._on_arrangement) for event in arrangement),
            (layers.removed, self._on_layer_removed),
        ]

    def _wishes(self) -> list[tuple[Any, Callable[..., None]]]:
        sight = self._session.sight
        return [
            (sight.axes_told, self._on_axes_told),
            (sight.split_wanted, self._on_split_wanted),
            (sight.channel_wanted, self._on_channel_wanted),
        ]

    # from the viewer to the session

    def _on_view_change(self, _event: Any = None) -> None:
        image = self._chosen()
        self._image = image
        group = channel_group(self._viewer.layers, image) if image is not None else ()
        if group != self._group:
            self._watch_display(group)
        if image is None or image.ndim > self._viewer.dims.ndim:
            # a layer is announced as active before the sliders know its axes
            return
        try:
            self._open(self._source(group))
        except ZeroSegError as error:
            self._session.open(None)
            self._complain(error)

    def _source(self, group: tuple[Image, ...]) -> ImageSource:
        base = group[0]
        axes = layer_axes(base)
        if not axes and base not in self._files:
            self._ask_file(base)
            axes = layer_axes(base)
        waiting = LOOKING if base is self._waiting else ""
        return image_source(group, self._viewer.dims, axes, waiting)

    def _ask_file(self, image: Image) -> None:
        self._files[image] = None
        self._waiting = image
        self._beside(
            partial(file_of, image),
            partial(self._on_file_told, image),
            lambda _: self._on_file_told(image, None),
        )

    def _on_file_told(self, image: Image, told: Volume | None) -> None:
        self._files[image] = told
        self._waiting = None
        if told is not None and not set(told.axes) - set("TZCYXS") and told.axes.endswith(("YX", "YXS")):
            tell_axes(image, told.axes.removesuffix("S"))
        self._on_view_change()

    def _open(self, source: ImageSource) -> None:
        self._complaint = ""
        present = self._session.source
        ids = tuple((image.unique_id, id(image.data)) for image in self._group)
        view = (source.key, source.composition, source.axes, source.blocked, ids)
        # the same source is kept as long as it can be: it holds the pixels once they are read
        if present is None or (view, source.plane) != self._seen:
            if present is not None and self._seen is not None and view == self._seen[0]:
                source = present.on(source.plane)  # with what was found out about all planes
            self._seen = (view, source.plane)
            self._keys.add(source.key)
            self._session.open(self._known(view, source))

    def _known(self, view: Any, source: ImageSource) -> ImageSource:
        """Return the source that the same was shown with lately, which holds the pixels that were read."""
        same = (old for seen, old, _ in self._latest if seen == view and old.plane == source.plane)
        found = next(same, source)
        others = [kept for kept in self._latest if kept[1] is not found]
        # as long as the data is held here, no other can have its number
        self._latest = [(view, found, [image.data for image in self._group]), *others[: KEPT - 1]]
        return found

    def _on_data_change(self, _event: Any = None) -> None:
        self._seen = None
        self._latest.clear()
        self._on_view_change()

    def _on_arrangement(self, _event: Any = None) -> None:
        if self._image in self._viewer.layers:
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

    def _watch_display(self, group: tuple[Image, ...]) -> None:
        self._connect_display("disconnect")
        self._group = group
        self._connect_display("connect")

    def _connect_display(self, verb: str) -> None:
        for image in self._group:
            events = image.events
            shown = (events.contrast_limits, events.gamma, events.colormap, events.visible)
            for event in (*shown, events.opacity, events.blending, events.axis_labels):
                getattr(event, verb)(self._on_view_change)
            getattr(events.data, verb)(self._on_data_change)

    def _on_layer_removed(self, event: Any) -> None:
        gone = {key for key in self._keys if key.layer == event.value.unique_id}
        self._keys -= gone
        self._latest = [kept for kept in self._latest if kept[1].key not in gone]
        for key in gone:
            self._session.forget(key)
        if gone or event.value in self._group:
            self._on_view_change()

    # from the session to the viewer

    def _on_axes_told(self, axes: str) -> None:
        for image in self._group:
            tell_axes(image, axes)

    def _on_channel_wanted(self, number: int, on: bool) -> None:
        self._group[number].visible = on

    def _on_split_wanted(self) -> None:
        image = self._group[0]
        axes, told = layer_axes(image), self._files.get(image)
        known = told.channels if told is not None else ()
        work = partial(channels_of, image, axes + "S" * image.rgb, known)
        self._beside(work, partial(self._split, image, axes), self._on_problem)

    def _split(self, image: Image, axes: str, channels: Sequence[Channel]) -> None:
        layers = self._viewer.layers
        if image not in layers:
            return
        place = layers.index(image)
        made = split_layers(image, axes, channels)
        layers.remove(image)
        for number, layer in enumerate(made):
            layers.insert(place + number, layer)
        layers.selection.active = made[0]

    def _on_problem(self, problem: Exception) -> None:
        if isinstance(problem, ZeroSegError):
            self._session.problem_raised.emit(problem)
        else:
            self._session.problem_raised.emit(ZeroSegError(f"The channels could not be split: {problem}."))
