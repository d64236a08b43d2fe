"""The instances: accept, delete, paint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_zeroseg.core.instance import InstanceKey
from napari_zeroseg.session import changes
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Named = InstanceKey | tuple[str, int]
"""An instance; without a plane, one of a 2D image."""


class Editing(Workspace):
    """What a person does to the masks."""

    @noted
    def accept_instances(self, *keys: Named) -> None:
        """Lock instances, named by class, id and plane, against runs."""
        chosen = [InstanceKey(*key) for key in keys]
        if any(not self.state.instance(*key).locked for key in chosen):
            self._push(_counted("Accept", chosen), changes.accept_instances(self.state, chosen))

    def accept_all_instances(self, name: str) -> None:
        """Lock every proposal of a class."""
        keys = [i.key for i in self.state.instances if i.name == name and not i.locked]
        self.accept_instances(*keys)

    @noted
    def delete_instances(self, *keys: Named) -> None:
        """Remove instances; no run brings them back."""
        chosen = [InstanceKey(*key) for key in keys]
        if chosen:
            self._push(_counted("Delete", chosen), changes.delete_instances(self.state, chosen))

    @noted
    def paint(self, name: str, origin: tuple[int, int], window: NDArray[np.integer[Any]]) -> None:
        """Take a stroke in a class's layer, see :func:`napari_zeroseg.session.changes.paint`."""
        state = changes.paint(self.state, name, self._place(), origin, window)
        if state is not self.state:
            self._push(f"Paint {name}", state)

    @noted
    def remove_layer(self, name: str) -> None:
        """Take away a class's layer with its instances."""
        if name in self.state.layered:
            self._push(f"Remove layer {name}", changes.remove_layer(self.state, name))


def _counted(verb: str, keys: Sequence[InstanceKey]) -> str:
    return f"{verb} {keys[0][0]} {keys[0][1]}" if len(keys) == 1 else f"{verb} {len(keys)} instances"
