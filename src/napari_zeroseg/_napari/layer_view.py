"""Shows a session's state as layers of a viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_zeroseg._napari.board import Board
from napari_zeroseg._napari.ownership import ImageKey, find_image, owner

if TYPE_CHECKING:
    from collections.abc import Hashable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_zeroseg.session.session import Session


class LayerView:
    """Mirrors the session in the viewer's layers, and a person's work on them in the session.

    Each image keeps its layers while another one is worked on. When an image leaves the viewer,
    the masks on it stay as ordinary layers.
    """

    sign_changed = Signal(bool)
    """Whether the next click says "object"."""

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = viewer
        self._session = session
        self._boards: dict[Hashable, Board] = {}
        self._removing: set[Layer] = set()
        session.changed.connect(self._on_session_changed)
        session.source_changed.connect(self._on_session_changed)
        viewer.layers.events.removing.connect(self._on_layer_removing)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        self._on_session_changed()

    def close(self) -> None:
        """Leave no callback behind; the masks stay as ordinary layers."""
        self._session.changed.disconnect(self._on_session_changed)
        self._session.source_changed.disconnect(self._on_session_changed)
        self._viewer.layers.events.removing.disconnect(self._on_layer_removing)
        self._viewer.layers.events.removed.disconnect(self._on_layer_removed)
        while self._boards:
            self._boards.popitem()[1].close()

    @property
    def positive(self) -> bool:
        """Whether the next click says "object"."""
        board = self._board()
        return board is None or board.prompts is None or board.prompts.positive

    @positive.setter
    def positive(self, value: bool) -> None:
        if value != self.positive:
            self.flip()

    def flip(self) -> None:
        """Change the sign of the next clicks, or of the selected points in napari's select mode."""
        board = self._board()
        if board is not None and board.prompts is not None:
            before = self.positive
            board.prompts.flip()
            if self.positive != before:
                self.sign_changed.emit(self.positive)

    def active_class(self) -> str | None:
        """Return the class whose layer is active."""
        board = self._board()
        active = self._viewer.layers.selection.active
        return board.class_of(active) if board is not None else None

    def _board(self) -> Board | None:
        source = self._session.source
        return self._boards.get(source.key) if source is not None else None

    def _on_session_changed(self, *_: Any) -> None:
        source = self._session.source
        if source is None:
            return  # shown in 3D, say: what is there stays until a plane is shown again
        if source.key not in self._boards:
            image = find_image(self._viewer.layers, source.key)
            if image is None:
                return
            self._boards[source.key] = Board(self._viewer, self._session, image)
        self._boards[source.key].show(self._session.state)

    def _on_layer_removing(self, event: Any) -> None:
        # napari fails when a layer leaves that it is about to remove with the rest of the selection
        layer = self._viewer.layers[event.index]
        selection = self._viewer.layers.selection
        self._removing = set(selection) if layer in selection else set()

    def _on_layer_removed(self, event: Any) -> None:
        layer, going = event.value, self._removing
        self._removing = set()
        for key in [k for k in self._boards if isinstance(k, ImageKey) and k.layer == layer.unique_id]:
            self._session.forget(key)  # first: what a run has not finished goes with it
            self._boards.pop(key).close(going)
        board = self._boards.get(owner(layer))
        if board is not None:
            board.on_removed(layer, going)
