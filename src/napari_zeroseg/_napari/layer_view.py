"""Shows a session's state as layers of a viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = viewer
        self._session = session
        self._boards: dict[Hashable, Board] = {}
        self._removing: set[Layer] = set()
        session.changed.connect(self._on_session_changed)
        session.source_changed.connect(self._on_session_changed)
        session.hand.changed.connect(self._on_hand_changed)
        viewer.layers.selection.events.active.connect(self._on_active_changed)
        viewer.layers.events.removing.connect(self._on_layer_removing)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        self._on_session_changed()

    def close(self) -> None:
        """Leave no callback behind; the masks stay as ordinary layers."""
        self._session.changed.disconnect(self._on_session_changed)
        self._session.source_changed.disconnect(self._on_session_changed)
        self._session.hand.changed.disconnect(self._on_hand_changed)
        self._viewer.layers.selection.events.active.disconnect(self._on_active_changed)
        self._viewer.layers.events.removing.disconnect(self._on_layer_removing)
        self._viewer.layers.events.removed.disconnect(self._on_layer_removed)
        while self._boards:
            self._boards.popitem()[1].close()

    def flip(self) -> None:
        """Change the sign of the points selected in napari's select mode, else of the next clicks."""
        board = self._board()
        if board is not None:
            board.flip()

    def draw_box(self) -> None:
        """Let the mouse draw a box; once more, let it move and resize the box that is there."""
        board = self._board()
        if board is not None:
            board.draw_box()

    def _on_hand_changed(self) -> None:
        board = self._board()
        if board is not None:
            board.follow_hand()

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
        for key, board in self._boards.items():
            if key != source.key:
                board.rest()
        self._boards[source.key].show(self._session.state)

    def _on_active_changed(self, event: Any) -> None:
        board = self._board()
        if board is not None:
            board.on_activated(event.value)

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
