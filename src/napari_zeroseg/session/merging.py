"""Two into one, as a person's action."""

from __future__ import annotations

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.instance import InstanceKey
from napari_zeroseg.session import merges
from napari_zeroseg.session.editing import Named
from napari_zeroseg.session.naming import Naming
from napari_zeroseg.session.noting import noted


class Merging(Naming):
    """What a person joins."""

    @noted
    def merge_classes(self, name: str, into: str) -> None:
        """Make everything of a class belong to another one; one step of undo parts them again."""
        if name != into:
            text = f"Merge {name} into {into}"
            self._push(text, merges.merge_classes(self.state, name, into))
            self.hand.choose(into)
            self._look_up()

    @noted
    def merge_instances(self, *keys: Named) -> None:
        """Make one object of several of a class, on all planes, under the lowest of their ids.

        Raises
        ------
        NotNowError
            When they belong to several classes, or one of them is being drawn.
        """
        things = {self.state.instance(*InstanceKey(*key)).thing for key in keys}
        if len(things) < 2:
            return
        names = {name for name, _ in things}
        if len(names) > 1:
            raise NotNowError(
                "The masks belong to several classes.", remedy="Select masks of one class only."
            )
        draft = self.state.draft
        if draft is not None and (draft.name, draft.instance_id) in things:
            raise NotNowError("One of the masks is being drawn.", remedy="Commit or discard it first.")
        (name,), ids = names, {number for _, number in things}
        self._push(f"Merge {len(ids)} {name}", merges.merge_objects(self.state, name, ids))
        self.hand.choose(name, min(ids))
