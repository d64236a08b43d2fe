"""How far a run goes: parts of a plane, planes of a stack, levels, and large images."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_zeroseg.core.recipe import Parameters, Recipe
from napari_zeroseg.core.tiles import Window
from napari_zeroseg.session.runner import Runner
from napari_zeroseg.session.scope import Part, Planes, Reach, Scope
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.source import ImageSource, overview
from tests.fakes import fake_backends, squares


def _source(data: NDArray[np.uint8], reads: list[Window | None] | None = None) -> ImageSource:
    """A source on data of shape (..., H, W) that notes what is read."""

    def read(plane: tuple[int, ...], window: Window | None) -> NDArray[np.float32]:
        if reads is not None:
            reads.append(window)
        part = data[plane] if window is None else data[(*plane, *window)]
        return np.repeat(part[..., None] / np.float32(255), 3, axis=2)

    depth = data.shape[:-2]
    return ImageSource("stack", "stack", data.shape[-2:], read, (0,) * len(depth), depth)


def _session(source: ImageSource, **parameters: int) -> Session:
    session = Session(recipe=Recipe(parameters=Parameters(**parameters)), backends=fake_backends)
    session.add_classes("bright")
    session.open(source)
    session.suggest()
    session.accept("bright")
    return session


def _stack(depth: int = 4) -> NDArray[np.uint8]:
    return np.stack([np.roll(squares(), 2 * i, axis=1) for i in range(depth)])


def _boxes(session: Session, plane: tuple[int, ...] = ()) -> list[tuple[float, ...]]:
    return sorted(i.mask.box for i in session.state.on_plane(plane))


def test_the_visible_region_alone_is_looked_at() -> None:
    reads: list[Window | None] = []
    session = _session(_source(squares(), reads))
    reads.clear()
    session.run(Scope(((),), (slice(0, 20), slice(0, 20))))
    assert _boxes(session) == [(5, 5, 15, 15)]


def test_proposals_outside_the_region_stay() -> None:
    session = _session(_source(squares()))
    session.run()
    before = {i.key: i for i in session.state.instances}
    session.run(Scope(((),), (slice(0, 20), slice(0, 20))))
    after = {i.mask.box: i for i in session.state.instances}
    assert len(after) == len(before) == 2
    assert after[(40, 30, 50, 40)] in before.values()
    assert after[(5, 5, 15, 15)] not in before.values()


def test_a_person_s_instances_stay_inside_and_outside_the_region() -> None:
    session = _session(_source(squares()))
    session.run()
    session.accept_instances(*(i.key for i in session.state.instances))
    before = session.state.instances
    session.run(Scope(((),), (slice(0, 20), slice(0, 20))))
    assert session.state.instances == before


def test_all_planes_are_one_step_and_keep_their_ids_apart() -> None:
    session = _session(_source(_stack()))
    session.reach.choose_planes(Planes.ALL)
    session.run()
    assert {i.plane for i in session.state.instances} == {(0,), (1,), (2,), (3,)}
    assert len({i.id for i in session.state.instances}) == 8
    assert _boxes(session, (1,)) == [(7, 5, 17, 15), (42, 30, 52, 40)]
    session.undo()
    assert not session.state.instances


def test_proposals_of_other_planes_stay() -> None:
    session = _session(_source(_stack()))
    session.reach.choose_planes(Planes.ALL)
    session.run()
    before = [i for i in session.state.instances if i.plane in {(0,), (3,)}]
    session.reach.choose_planes(Planes.RANGE, (1, 2))
    session.run()
    assert [i for i in session.state.instances if i.plane in {(0,), (3,)}] == before
    assert len(session.state.instances) == 8


def test_planes_of_a_series_of_stacks() -> None:
    source = _source(np.stack([_stack(3), _stack(3)]))
    reach = Reach()
    assert reach.scope(source).planes == ((0, 0),)
    reach.choose_planes(Planes.RANGE, (5, 1))
    assert reach.scope(source.on((1, 0))).planes == ((1, 1), (1, 2))
    reach.choose_planes(Planes.ALL)
    assert len(reach.scope(source).planes) == 6


def test_a_range_that_an_image_does_not_have_is_refused() -> None:
    session = _session(_source(_stack(2)))
    session.reach.choose_planes(Planes.RANGE, (5, 9))
    assert "planes" in session.readiness["run"]


def test_choices_without_meaning_are_as_if_not_made() -> None:
    reach = Reach()
    reach.choose_planes(Planes.ALL)
    reach.choose_part(Part.VISIBLE)
    assert reach.scope(_source(squares())) == Scope(((),))
    reach.look = lambda: (slice(0, 64), slice(0, 64))
    assert reach.scope(_source(squares())).region is None
    reach.look = lambda: (slice(0, 30), slice(0, 64))
    assert reach.scope(_source(squares())).region == (slice(0, 30), slice(0, 64))


def test_a_large_plane_is_never_read_at_once() -> None:
    image = np.zeros((700, 600), np.uint8)
    image[100:110, 250:260] = image[350:360, 300:310] = 255
    reads: list[Window | None] = []
    session = _session(_source(image, reads), tile=256, tile_overlap=64)
    session.run()
    assert _boxes(session) == [(250, 100, 260, 110), (300, 350, 310, 360)]
    assert None not in reads
    assert session.undo_text == "Run"
    session.undo()
    assert not session.state.instances


def test_what_is_nowhere_in_a_large_image_is_said_once() -> None:
    said: list[str] = []
    image = np.full((700, 600), 20, np.uint8)
    image[0, 0] = 0
    session = _session(_source(image), tile=256)
    session.noticed.connect(said.append)
    session.run()
    assert [s for s in said if s.startswith("Nothing looks like 'bright'")] == said


def test_a_cancelled_run_in_tiles_leaves_nothing() -> None:
    image = np.zeros((700, 600), np.uint8)
    image[100:110, 250:260] = image[350:360, 300:310] = 255
    session = Session(
        Runner(), recipe=Recipe(parameters=Parameters(tile=256, tile_overlap=64)), backends=fake_backends
    )
    session.add_classes("bright")
    session.open(_source(image))
    session.suggest()
    session.accept("bright")
    before = session.state
    session.changed.connect(lambda new, _: session.cancel() if new.instances else None)
    session.run()
    assert session.state.instances == before.instances
    assert session.undo_text != "Run"


def test_a_coarser_level_is_looked_at_and_masks_lie_on_the_finest() -> None:
    fine = np.kron(squares(), np.ones((2, 2), np.uint8))
    coarse = _source(squares())
    source = _source(fine)
    source = ImageSource(source.key, "pyramid", source.shape, source.read, coarser=(coarse,))
    session = _session(source, level=1)
    session.run()
    assert _boxes(session) == [(10, 10, 30, 30), (80, 60, 100, 80)]


def test_a_level_beyond_the_coarsest_is_the_coarsest() -> None:
    coarse = _source(squares())
    source = _source(np.kron(squares(), np.ones((2, 2), np.uint8)))
    source = ImageSource(source.key, "pyramid", source.shape, source.read, coarser=(coarse,))
    assert source.at(0) is source
    assert source.at(5).shape == (64, 64)


def test_an_overview_is_small_and_shows_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_zeroseg.session.source.OVERVIEW_SIDE", 50)
    image = np.kron(squares(), np.ones((3, 2), np.uint8))
    found = overview(_source(image))
    assert found.shape == (48, 32, 3)
    np.testing.assert_allclose(found.mean(), image.mean() / 255, atol=1e-4)


def test_suggestions_on_a_large_image_say_that_they_come_from_an_overview(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("napari_zeroseg.session.source.OVERVIEW_SIDE", 150)
    said: list[str] = []
    session = Session(recipe=Recipe(parameters=Parameters(tile=256)), backends=fake_backends)
    session.noticed.connect(said.append)
    session.add_classes("bright")
    session.open(_source(np.kron(squares(), np.ones((5, 5), np.uint8))))
    session.suggest()
    assert [s.confidence for s in session.state.suggestions] == [0.9]
    assert "3 times smaller" in said[0]


def test_an_overview_takes_a_coarser_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_zeroseg.session.source.OVERVIEW_SIDE", 70)
    reads: list[Window | None] = []
    fine = _source(np.kron(squares(), np.ones((4, 4), np.uint8)), reads)
    source = ImageSource(fine.key, "pyramid", fine.shape, fine.read, coarser=(_source(squares()),))
    assert overview(source).shape == (64, 64, 3)
    assert not reads
