"""Any sequence of actions on layers: layer and session agree, and what is saved is what there was."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from napari.components import ViewerModel

from napari_zeroseg._napari.layer_view import LayerView
from napari_zeroseg._napari.watch import watch_images
from napari_zeroseg.core.compose import instance_labels
from napari_zeroseg.core.instance import InstanceKey
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.runner import InlineExecutor
from napari_zeroseg.session.saved.autosave import Autosave
from napari_zeroseg.session.saved.packing import Packer, digest
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, squares

SIZE = 64
PLANES = 3
EXAMPLES = int(os.environ.get("ZEROSEG_STORIES", "12"))
corners = st.integers(0, SIZE - 1)


def image() -> np.ndarray:
    return np.stack([squares(), np.flipud(squares()), squares() // 2 + 60])


class Layers(RuleBasedStateMachine):
    """A person at work on a stack in a viewer."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.environment = mock.patch.dict(os.environ, {"NAPARI_ZEROSEG_DATA": str(self.folder)})
        self.environment.start()
        self.viewer = ViewerModel()
        self.viewer.add_image(image(), name="stack", axis_labels=("z", "y", "x"))
        self.session = Session(backends=fake_backends)
        self.autosave = Autosave(self.session, executor=InlineExecutor(), delay=0)
        self.view = LayerView(self.viewer, self.session)
        self.stop = watch_images(self.viewer, self.session)
        self.problems: list[str] = []
        self.session.problem_raised.connect(lambda p: self.problems.append(str(p)))

    @initialize()
    def begin(self) -> None:
        self.start = Packer().state(self.session.state)
        self.session.add_classes("bright, grey")
        self.session.suggest()
        self.session.accept("bright", "grey")

    def _ready(self, action: Action) -> bool:
        return not self.session.readiness[action]

    def _locked(self) -> dict[InstanceKey, bytes]:
        shape = (SIZE, SIZE)
        return {i.key: i.mask.to_plane(shape).tobytes() for i in self.session.state.instances if i.locked}

    @rule(plane=st.integers(0, PLANES - 1))
    def change_plane(self, plane: int) -> None:
        before = self._locked()
        self.viewer.dims.set_current_step(0, plane)
        assert self.session.source.plane == (plane,)
        assert self._locked() == before

    @precondition(lambda self: self._ready(Action.RUN))
    @rule()
    def run_again(self) -> None:
        before = self._locked()
        self.session.run()
        assert self._locked() == before

    @precondition(lambda self: self._ready(Action.SUGGEST))
    @rule()
    def suggest_again(self) -> None:
        before, decided = self._locked(), self.session.state.accepted_names
        self.session.suggest()
        assert self._locked() == before
        assert self.session.state.accepted_names == decided

    @rule(data=st.data())
    def accept_one(self, data: st.DataObject) -> None:
        if self.session.state.instances:
            chosen = data.draw(st.sampled_from(self.session.state.instances))
            self.session.accept_instances(chosen.key)

    @rule(data=st.data())
    def delete_one(self, data: st.DataObject) -> None:
        if self.session.state.instances:
            chosen = data.draw(st.sampled_from(self.session.state.instances))
            self.session.delete_instances(chosen.key)

    @rule(data=st.data(), y=corners, x=corners, side=st.integers(1, 20), label=st.integers(0, 4))
    def brush(self, data: st.DataObject, y: int, x: int, side: int, label: int) -> None:
        if not self.session.state.layered:
            return
        layer = self.viewer.layers[data.draw(st.sampled_from(self.session.state.layered))]
        (plane,) = self.session.source.plane
        rows, cols = (a.ravel() for a in np.mgrid[y : min(SIZE, y + side), x : min(SIZE, x + side)])
        layer.data_setitem((np.full(rows.shape, plane), rows, cols), label)
        assert (np.asarray(layer.data)[plane, rows, cols] == label).all()

    @precondition(lambda self: self._ready(Action.DRAW) and self.session.state.draft is None)
    @rule(x=corners, y=corners, positive=st.booleans(), commit=st.booleans())
    def draw(self, x: int, y: int, positive: bool, commit: bool) -> None:
        before = self._locked()
        self.session.begin(self.session.state.vocabulary.names[0])
        self.session.click(x, y, positive=positive)
        if commit and self._ready(Action.COMMIT):
            self.session.commit()
            after = self._locked()
            assert all(after[key] == pixels for key, pixels in before.items())

    @precondition(lambda self: self._ready(Action.DISCARD))
    @rule()
    def discard(self) -> None:
        before = self._locked()
        self.session.discard()
        assert self._locked() == before

    @precondition(lambda self: self._ready(Action.UNDO))
    @rule()
    def undo(self) -> None:
        self.session.undo()

    @precondition(lambda self: self._ready(Action.REDO))
    @rule()
    def redo(self) -> None:
        self.session.redo()

    @rule(data=st.data(), new=st.sampled_from(["grey", "bright", "pale", "dim"]))
    def rename(self, data: st.DataObject, new: str) -> None:
        """By the name of the layer, as in napari's list."""
        state = self.session.state
        if not state.layered or new in state.vocabulary:
            return
        old = data.draw(st.sampled_from(state.layered))
        before = self._locked()
        self.viewer.layers[old].name = new
        renamed = {k._replace(name=new) if k.name == old else k: v for k, v in before.items()}
        assert self._locked() == renamed

    @rule()
    def merge_classes(self) -> None:
        names = self.session.state.vocabulary.names
        if len(names) > 1:
            before = self._covered()
            self.session.merge_classes(names[1], names[0])
            assert np.array_equal(self._covered(), before)

    @rule(data=st.data())
    def merge_objects(self, data: st.DataObject) -> None:
        state = self.session.state
        if state.layered and state.draft is None:
            name = data.draw(st.sampled_from(state.layered))
            keys = [i.key for i in state.on_plane(self.session.source.plane) if i.name == name]
            before = self._covered()
            self.session.merge_instances(*keys[:2])
            assert np.array_equal(self._covered(), before)

    def _covered(self) -> np.ndarray:
        covered = np.zeros((PLANES, SIZE, SIZE), bool)
        for instance in self.session.state.instances:
            covered[instance.plane] |= instance.mask.to_plane((SIZE, SIZE))
        return covered

    @rule(data=st.data())
    def remove_layer(self, data: st.DataObject) -> None:
        if self.session.state.layered:
            name = data.draw(st.sampled_from(self.session.state.layered))
            others = {k: v for k, v in self._locked().items() if k.name != name}
            del self.viewer.layers[name]
            assert self._locked() == others

    @invariant()
    def layers_and_session_agree(self) -> None:
        state = self.session.state
        shown = {n for n in (layer.name for layer in self.viewer.layers) if n in state.vocabulary}
        assert shown == set(state.layered)
        drawn = state.draft.replaces if state.draft is not None else None
        for name in state.layered:
            expected = np.zeros((PLANES, SIZE, SIZE), int)
            for plane in range(PLANES):
                there = [i for i in state.on_plane((plane,)) if i.key != drawn]
                expected[plane] = instance_labels(there, name, (SIZE, SIZE))
            assert np.array_equal(np.asarray(self.viewer.layers[name].data), expected)

    @invariant()
    def a_pixel_has_one_object_and_an_object_one_mask_on_a_plane(self) -> None:
        count = np.zeros((PLANES, SIZE, SIZE), int)
        keys = [i.key for i in self.session.state.instances]
        assert len(keys) == len(set(keys))
        for instance in self.session.state.instances:
            assert instance.mask.area
            count[instance.plane][instance.mask.slices] += instance.mask.pixels
        assert count.max() <= 1

    @invariant()
    def nothing_went_wrong(self) -> None:
        assert self.problems == []

    def teardown(self) -> None:
        held = digest(self.session.timeline)
        self.autosave.close()
        self._check_restored(held)
        while self.session.undo_text:
            self.session.undo()
            self.layers_and_session_agree()
        if hasattr(self, "start"):
            assert Packer().state(self.session.state) == self.start
        self.stop()
        self.view.close()
        self.session.close()
        self.environment.stop()
        shutil.rmtree(self.folder)

    def _check_restored(self, held: tuple[str, ...]) -> None:
        """Open the image in another viewer and take up what was saved."""
        viewer = ViewerModel()
        viewer.add_image(image(), name="stack", axis_labels=("z", "y", "x"))
        session = Session(backends=fake_backends)
        stop = watch_images(viewer, session)
        view = LayerView(viewer, session)
        autosave = Autosave(session, executor=InlineExecutor(), delay=0)
        autosave.restore()
        assert digest(session.timeline) == held
        present = (self.viewer, self.session)
        self.viewer, self.session = viewer, session
        self.layers_and_session_agree()
        self.viewer, self.session = present
        autosave.close()
        stop()
        view.close()
        session.close()


TestLayers = Layers.TestCase
TestLayers.settings = settings(max_examples=EXAMPLES, stateful_step_count=20, deadline=None)
