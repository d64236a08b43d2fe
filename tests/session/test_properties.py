"""Any sequence of actions: what a person decided changes only by a person's action."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from napari_zeroseg.core.instance import InstanceKey
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source

SIZE = 64
corners = st.integers(0, SIZE - 1)


class Story(RuleBasedStateMachine):
    """Actions in any order; after each, the invariants of a session hold."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(backends=fake_backends)
        self.session.open(source())
        self.start = self.session.state
        self.session.set_vocabulary(Vocabulary.parse("bright, grey"))
        self.session.suggest()
        self.session.accept("bright", "grey")

    def _locked(self) -> dict[InstanceKey, np.ndarray]:
        return {i.key: i.mask.to_plane((SIZE, SIZE)) for i in self.session.state.instances if i.locked}

    def _ready(self, action: Action) -> bool:
        return not self.session.readiness[action]

    @precondition(lambda self: self._ready(Action.RUN))
    @rule()
    def run_again(self) -> None:
        locked = self._locked()
        erased = [(e.name, e.mask) for e in self.session.state.erased]
        self.session.run()
        after = self._locked()
        assert after.keys() == locked.keys()
        assert all(np.array_equal(after[key], locked[key]) for key in locked)
        for instance in self.session.state.instances:
            if not instance.locked:
                gone = [m for name, m in erased if name == instance.name]
                assert not any(instance.mask.overlap(m) for m in gone)

    @rule(data=st.data())
    def accept_one(self, data: st.DataObject) -> None:
        if self.session.state.instances:
            chosen = data.draw(st.sampled_from(self.session.state.instances))
            self.session.accept_instances(chosen.key)
            assert self.session.state.instance(*chosen.key).locked

    @rule(data=st.data())
    def delete_one(self, data: st.DataObject) -> None:
        if self.session.state.instances:
            chosen = data.draw(st.sampled_from(self.session.state.instances))
            self.session.delete_instances(chosen.key)

    @rule(
        name=st.sampled_from(["bright", "grey"]),
        y=corners,
        x=corners,
        height=st.integers(1, 20),
        width=st.integers(1, 20),
        label=st.integers(0, 4),
    )
    def paint(self, name: str, y: int, x: int, height: int, width: int, label: int) -> None:
        if name not in self.session.state.vocabulary:
            return
        window = np.full((min(height, SIZE - y), min(width, SIZE - x)), label)
        self.session.paint(name, (y, x), window)
        drawn = self._labels(name)[y : y + height, x : x + width]
        assert (drawn == label).all()

    @precondition(lambda self: self._ready(Action.DRAW))
    @rule(x=corners, y=corners, positive=st.booleans())
    def draw(self, x: int, y: int, positive: bool) -> None:
        name = self.session.state.vocabulary.names[0]
        locked = self._locked()
        self.session.begin(name)
        self.session.click(x, y, positive=positive)
        if self._ready(Action.COMMIT):
            self.session.commit()
            after = self._locked()
            assert all(np.array_equal(after[key], locked[key]) for key in locked)

    @precondition(lambda self: self._ready(Action.UNDO))
    @rule()
    def undo_and_redo(self) -> None:
        present = self.session.state
        self.session.undo()
        self.session.redo()
        assert self.session.state is present

    @precondition(lambda self: self._ready(Action.UNDO))
    @rule()
    def undo(self) -> None:
        self.session.undo()

    @precondition(lambda self: self._ready(Action.REDO))
    @rule()
    def redo(self) -> None:
        self.session.redo()

    @rule()
    def rename(self) -> None:
        vocabulary = self.session.state.vocabulary
        if "grey" in vocabulary:
            locked = {key: mask for key, mask in self._locked().items() if key[0] == "grey"}
            self.session.change_class("grey", replace(vocabulary["grey"], name="pale"))
            after = self._locked()
            assert all(np.array_equal(after[key._replace(name="pale")], m) for key, m in locked.items())
        elif "pale" in vocabulary:
            self.session.change_class("pale", TargetClass("grey"))

    @rule()
    def merge_classes(self) -> None:
        names = self.session.state.vocabulary.names
        if len(names) > 1:
            before, locked = self._area(), self._area(locked=True)
            self.session.merge_classes(names[0], names[1])
            assert np.array_equal(self._area(), before)
            assert (self._area(locked=True) >= locked).all()

    @rule(name=st.sampled_from(["bright", "grey"]))
    def merge_objects(self, name: str) -> None:
        keys = [i.key for i in self.session.state.instances if i.name == name]
        if len(keys) > 1 and self.session.state.draft is None:
            before = self._area()
            self.session.merge_instances(*keys[:2])
            assert np.array_equal(self._area(), before)

    def _area(self, *, locked: bool = False) -> np.ndarray:
        area = np.zeros((SIZE, SIZE), bool)
        for instance in self.session.state.instances:
            if instance.locked or not locked:
                area |= instance.mask.to_plane((SIZE, SIZE))
        return area

    @rule(name=st.sampled_from(["bright", "grey"]))
    def remove_layer(self, name: str) -> None:
        self.session.remove_layer(name)
        assert not [i for i in self.session.state.instances if i.name == name]

    @invariant()
    def instances_are_disjoint_and_unique(self) -> None:
        count = np.zeros((SIZE, SIZE), int)
        keys = [i.key for i in self.session.state.instances]
        assert len(keys) == len(set(keys))
        for instance in self.session.state.instances:
            assert instance.mask.area
            count[instance.mask.slices] += instance.mask.pixels
        assert count.max() <= 1

    @invariant()
    def layers_cover_the_instances(self) -> None:
        assert {i.name for i in self.session.state.instances} <= set(self.session.state.layered)

    def _labels(self, name: str) -> np.ndarray:
        from napari_zeroseg.core.compose import instance_labels

        return instance_labels(self.session.state.instances, name, (SIZE, SIZE))

    def teardown(self) -> None:
        while self.session.undo_text:
            self.session.undo()
        assert self.session.state is self.start


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
