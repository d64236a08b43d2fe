"""Masks of other tools, taken into the session."""

import numpy as np
import pytest

from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.errors import BadFileError, NotNowError
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.script import NOTES
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.session.arrivals import arrive
from napari_zeroseg.session.bringing import frame_of
from napari_zeroseg.session.noting import performed
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.source import ImageSource
from napari_zeroseg.session.state import State
from tests.fakes import fake_backends

SHAPE = (20, 30)
ACCEPTED, PROPOSED = InstanceState.ACCEPTED, InstanceState.PROPOSED


def square(y, x, side=4):
    return Mask((y, x), np.ones((side, side), bool))


def drawn(*instances, classes="cell; nucleus", shape=SHAPE):
    return Annotations("a.png", shape, Vocabulary.parse(classes), instances)


def opened(depth=()):
    session = Session(backends=fake_backends)
    pixels = np.zeros((*SHAPE, 3), np.float32)
    plane = (0,) * len(depth)
    session.open(ImageSource("a", "a.png", SHAPE, lambda _p, _w: pixels, plane=plane, depth=depth))
    return session


def told(state):
    return [(i.name, i.id, i.plane, i.mask.origin, i.mask.area, i.state) for i in state.instances]


def test_what_comes_is_accepted_in_one_step_that_undo_takes_back():
    session, notices = opened(), []
    session.noticed.connect(notices.append)
    session.bring_in_annotations(drawn(Instance(3, "cell", square(1, 2), 1.0, ACCEPTED)), "a.geojson")
    assert told(session.state) == [("cell", 3, (), (1, 2), 16, ACCEPTED)]
    assert session.state.vocabulary.names == ("cell", "nucleus")
    assert notices == ["1 mask came from 'a.geojson'."]
    session.undo()
    assert session.state.instances == ()
    assert session.state.vocabulary.names == ()


def test_classes_that_are_there_are_known_whatever_their_case():
    state = State(Vocabulary((TargetClass("Cell", "#102030"),)))
    coming = [Instance(1, "cell", square(0, 0), 1.0, ACCEPTED)]
    after = arrive(state, [TargetClass("cell", "#ffffff"), TargetClass("new", "#445566")], coming)
    assert [(c.name, c.color) for c in after.vocabulary] == [("Cell", "#102030"), ("new", "#445566")]
    assert after.instances[0].name == "Cell"


def test_a_person_s_pixels_stay_and_proposals_give_way():
    mine = Instance(1, "cell", square(0, 0), 1.0, ACCEPTED)
    proposed = Instance(2, "cell", square(0, 8), 1.0, PROPOSED)
    state = State(Vocabulary.parse("cell"), instances=(mine, proposed))
    coming = [
        Instance(7, "cell", square(0, 2), 1.0, ACCEPTED),
        Instance(8, "cell", square(0, 6), 1.0, ACCEPTED),
    ]
    after = arrive(state, (), coming)
    assert [(i.id, i.mask.origin, i.mask.area) for i in after.instances] == [
        (1, (0, 0), 16),
        (2, (0, 10), 8),
        (7, (0, 4), 8),
        (8, (0, 6), 16),
    ]


def test_the_same_masks_again_add_nothing():
    session = opened()
    found = drawn(Instance(3, "cell", square(1, 2), 1.0, ACCEPTED))
    session.bring_in_annotations(found, "a.geojson")
    session.bring_in_annotations(found, "a.geojson")
    assert len(session.state.instances) == 1


def test_masks_that_come_together_may_overlap_and_keep_their_states():
    session = opened()
    coming = (
        Instance(1, "cell", square(0, 0, 6), 1.0, ACCEPTED),
        Instance(1, "nucleus", square(1, 1, 2), 0.5, PROPOSED),
        Instance(2, "cell", square(4, 4), 1.0, InstanceState.EDITED),
    )
    session.bring_in_annotations(drawn(*coming), "a.json")
    assert {i.key: (i.mask.area, i.state) for i in session.state.instances} == {
        i.key: (i.mask.area, i.state) for i in coming
    }


def test_ids_that_are_taken_are_given_anew_to_all_planes_of_an_object():
    mine = Instance(1, "cell", square(10, 10), 1.0, ACCEPTED, plane=(0,))
    state = State(Vocabulary.parse("cell"), instances=(mine,))
    coming = [Instance(1, "cell", square(0, 0), 1.0, ACCEPTED, plane=(z,)) for z in (0, 1)]
    after = arrive(state, (), [*coming, Instance(5, "cell", square(0, 0), 1.0, ACCEPTED, plane=(2,))])
    assert [(i.id, i.plane) for i in after.instances] == [(1, (0,)), (6, (0,)), (6, (1,)), (5, (2,))]


def test_masks_of_one_plane_come_onto_the_plane_that_is_shown():
    session = opened(depth=(3,))
    session.open(session.source.on((2,)))
    session.bring_in_annotations(drawn(Instance(1, "cell", square(0, 0), 1.0, ACCEPTED)), "a.json")
    assert session.state.instances[0].plane == (2,)
    assert frame_of(session.source).grid.axes == "ZYX"


def test_masks_of_a_stack_come_onto_its_planes_or_are_refused():
    session = opened(depth=(3,))
    grid = frame_of(session.source).grid
    found = drawn(Instance(1, "cell", square(0, 0), 1.0, ACCEPTED, plane=(1,)))
    stack = Annotations("a", SHAPE, found.vocabulary, found.instances, grid)
    session.bring_in_annotations(stack, "a.csv")
    assert session.state.instances[0].plane == (1,)
    beyond = (Instance(1, "cell", square(0, 0), 1.0, ACCEPTED, plane=(7,)),)
    with pytest.raises(BadFileError, match="planes that"):
        session.bring_in_annotations(Annotations("a", SHAPE, found.vocabulary, beyond, grid), "a.csv")


def test_another_size_is_refused_and_no_image_too():
    with pytest.raises(BadFileError, match="9 × 9 pixels"):
        opened().bring_in_annotations(drawn(shape=(9, 9)), "a.json")
    with pytest.raises(NotNowError):
        Session(backends=fake_backends).bring_in_annotations(drawn(), "a.json")


def test_a_note_of_it_does_it_again():
    session, again = opened(), opened()
    session.bring_in_annotations(drawn(Instance(3, "cell", square(1, 2), 0.5, PROPOSED)), "a.geojson")
    noted = NOTES.validate_json(NOTES.dump_json(session.notebook.notes))
    performed(again, noted[-1])
    assert told(again.state) == told(session.state)
    assert again.state.vocabulary == session.state.vocabulary
