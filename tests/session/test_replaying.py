"""What a person did in a window, done again without one."""

from __future__ import annotations

import json
import queue
import time
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from napari_zeroseg import api, cli
from napari_zeroseg.core.errors import BadFileError, BadImageError
from napari_zeroseg.core.instance import InstanceKey
from napari_zeroseg.core.recipe import Parameters
from napari_zeroseg.core.script import ACTION, NOTES, Act, Given, Unrecorded
from napari_zeroseg.core.suggestion import Decision
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.export.bundle import Bundle
from napari_zeroseg.export.images import open_image
from napari_zeroseg.export.record import read_script
from napari_zeroseg.session.replaying import ReplayError, replay
from napari_zeroseg.session.runner import Runner, models_thread
from napari_zeroseg.session.saved.document import ImageSpec
from napari_zeroseg.session.saved.packing import digest
from napari_zeroseg.session.saved.reading import read_saved_script
from napari_zeroseg.session.saved.store import SessionFile
from napari_zeroseg.session.session import Session
from tests.fakes import FakeBackend, fake_backends, source, squares

READS = {"image_name", "reviewed_instance", "count_to_review", "traces"}
OF_THE_MOMENT = {
    "open", "forget", "close", "assume", "restore", "keep_decisions", "set_foresight", "set_asks", "take_new",
    "start_review", "stop_review", "next_reviewed", "previous_reviewed", "visit_doubtful", "choose_clusters",
}  # fmt: skip
"""Change what is shown or kept, and no mask."""
THROUGH_OTHERS = {
    "accept_above", "accept_all_instances", "accept_reviewed", "add_classes", "add_idea", "ask_again",
    "begin_next", "begin_part", "bring_in_annotations", "click", "edit_reviewed", "find_clusters", "keep_old",
    "next_object", "refine_edges_of", "reject_reviewed", "remove_class", "run", "scribble", "seek",
    "take_outcome",
}  # fmt: skip
"""Call what is noted."""
OF_THE_RECIPE = {"learn", "load_head", "use_head", "forget_learned", "teach", "forget_phrase"}
"""Change the recipe, of which each note tells."""
LOOKING_ONLY = {"compare_methods"}


def verbs() -> set[str]:
    kinds = ACTION.json_schema()["$defs"].values()
    found = [kind["properties"]["verb"] for kind in kinds if "verb" in kind.get("properties", {})]
    return {verb for kind in found for verb in kind.get("enum", [kind.get("const")])}


def test_every_action_of_the_session_is_noted_or_known_to_need_no_note():
    methods = {
        name
        for name in dir(Session)
        if not name.startswith("_")
        and callable(getattr(Session, name))
        and not isinstance(getattr(Session, name), type)
        and not hasattr(getattr(Session, name), "connect")
    }
    known = READS | OF_THE_MOMENT | THROUGH_OTHERS | OF_THE_RECIPE | LOOKING_ONLY
    assert methods - known == verbs()
    assert known <= methods
    noted = {v for v in verbs() if any(hasattr(vars(c).get(v), "__wrapped__") for c in Session.__mro__)}
    assert noted == verbs()


class Window:
    """A session as a window has it: models on a thread, answers when the window comes to them."""

    def __init__(self, backends=fake_backends) -> None:
        self.queue: queue.Queue = queue.Queue()
        self.session = Session(Runner(models_thread(), self.queue.put), backends=backends)

    def deliver(self) -> None:
        """Let the models' thread do what was asked, and hear all of it."""
        done = []
        self.session._runner._executor.submit(done.append, True)
        end = time.monotonic() + 20
        while (not done or not self.queue.empty()) and time.monotonic() < end:
            try:
                self.queue.get(timeout=0.01)()
            except queue.Empty:
                continue

    def hear(self, count: int) -> None:
        """Hear some of it only."""
        for _ in range(count):
            self.queue.get(timeout=20)()


def result_of(session):
    parts = (session.source, session.state, session.recipe, session.source.grid, session.notebook.notes)
    return api.Result("blood.tif", *parts)


def save(session, folder):
    path = folder / "blood.tif.zeroseg"
    file = SessionFile(path)
    file.write(ImageSpec(name="blood.tif", shape=(160, 160), fingerprint="0" * 32), session.timeline)
    file.close()
    return path


def things(session):
    return [
        (i.key, i.state, i.score, i.mask.origin, i.mask.pixels.tobytes(), i.provenance)
        for i in session.state.instances
    ]


def again(session, backends=fake_backends):
    notes = NOTES.validate_json(NOTES.dump_json(session.notebook.notes))
    return replay(notes, lambda _shown: source(), backends)


def blood(side: int = 160) -> np.ndarray:
    """Dark round things of several sizes on a pale ground, with noise."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:side, :side]
    image = np.full((side, side, 3), (225.0, 205.0, 215.0))
    for cy, cx, r in ((30, 35, 13), (45, 110, 16), (100, 50, 11), (110, 115, 18), (140, 20, 8)):
        image[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = (110, 60, 140)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """The work of a person on the embedded profile: classes, decisions, a run, 30 clicks, a stroke."""
    from napari_zeroseg.backends.registry import backends_of
    from napari_zeroseg.session.saved.content import Content

    path = tmp_path_factory.mktemp("work") / "blood.tif"
    tifffile.imwrite(path, blood(), photometric="rgb")
    window = Window(backends_of)
    session = window.session
    shown = replace(api.volume_source("blood.tif", open_image(path)), content=Content(blood(), path))
    session.open(shown)
    session.add_classes("nucleus: dark purple, round; cytoplasm: pale pink; bacterium")
    window.deliver()
    session.suggest()
    window.deliver()
    session.accept("nucleus")
    session.reject("cytoplasm", "bacterium")
    session.refining.set_parameters(Parameters(box_threshold=0.2))
    session.run()
    window.deliver()
    first = session.state.instances[0]
    session.accept_instances(first.key)
    session.delete_instances(session.state.instances[-1].key)
    rng = np.random.default_rng(1)
    for number in range(30):
        if number % 6 == 0:
            session.begin("nucleus")
        cy, cx = ((30, 35), (45, 110), (100, 50), (110, 115), (140, 20))[number // 6]
        session.click(cx + rng.uniform(-5, 5), cy + rng.uniform(-5, 5), positive=number % 3 != 2)
        if number % 2:  # the next click comes before the answer to this one, or after it
            window.deliver()
        if number % 6 == 5:
            session.commit()
    stroke = np.zeros((12, 30), np.int32)
    stroke[4:9, 3:28] = session.state.next_id("nucleus")
    session.paint("nucleus", (70, 80), stroke)
    session.undo()
    session.redo()
    window.deliver()
    session.close()
    return session, path


def test_a_session_of_the_window_is_the_same_headless(worked, tmp_path):
    session, path = worked
    bundle = Bundle(tmp_path / "window", "blood", session.state.vocabulary.names)
    bundle.write(result_of(session))
    assert len(session.state.instances) > 4
    assert cli.main(["replay", str(bundle.record), str(path), "--out", str(tmp_path / "headless")]) == 0
    for file in bundle.labels.values():
        assert file.read_bytes() == (tmp_path / "headless" / file.name).read_bytes()
    assert tifffile.imread(bundle.labels["nucleus"]).max() > 3


def test_the_same_from_the_file_in_which_the_work_was_saved(worked, tmp_path):
    session, path = worked
    saved = save(session, tmp_path)
    result = api.replay(read_saved_script(saved), blood())
    assert np.array_equal(result.labels("nucleus"), result_of(session).labels("nucleus"))
    assert cli.main(["run", str(saved), str(path), "--out", str(tmp_path / "out")]) == 0
    recipe = json.loads((tmp_path / "out" / "blood.json").read_text())["recipe"]
    assert recipe["parameters"]["box_threshold"] == 0.2
    assert recipe["left_out"] == ["cytoplasm", "bacterium"]
    assert tifffile.imread(tmp_path / "out" / "blood_cytoplasm.tif").max() == 0


def test_notes_tell_who_and_when(worked):
    notes = worked[0].notebook.notes
    acts = [note for note in notes if isinstance(note, Act)]
    assert {note.by for note in acts} == {"person"}
    assert [note.when for note in acts] == sorted(note.when for note in acts)
    assert sum(note.action.verb == "set_points" for note in acts) == 30
    assert {note.by for note in notes if note.kind in ("answer", "events")} == {"method"}


def amid_a_run():
    """Return a window whose run has brought its first mask and goes on."""
    window = Window()
    session = window.session
    session.open(source())
    session.add_classes("bright; grey")
    session.suggest()
    window.deliver()
    session.accept("bright", "grey")
    session.run()
    while not session.state.instances:
        window.hear(1)
    return window


def test_what_a_person_does_while_a_run_goes_on_stays_in_its_place():
    window = amid_a_run()
    session = window.session
    session.paint("grey", (2, 2), np.full((8, 8), 5, np.int32))
    window.deliver()
    session.cancel()
    assert things(again(session)) == things(session)
    assert digest(again(session).timeline) == digest(session.timeline)
    session.close()


def test_a_cancelled_run_is_cancelled_again():
    window = amid_a_run()
    session = window.session
    session.cancel()
    window.deliver()
    assert things(again(session)) == things(session) == []
    assert [s.decision for s in again(session).state.suggestions] == [Decision.ACCEPTED] * 2
    session.close()


def inline(backends=fake_backends) -> Session:
    session = Session(backends=backends)
    session.open(source())
    session.add_classes("bright; grey")
    session.suggest()
    session.accept("bright", "grey")
    session.run()
    return session


def test_everything_else_that_changes_masks_is_done_again():
    session = inline()
    session.change_class("grey", replace(session.state.vocabulary["grey"], name="dim", color="#102030"))
    session.add_classes("other")
    session.accept_instances(("bright", 1))
    session.seek()
    session.refine_edges_of("bright")
    session.begin("dim", 1)
    session.draw_box((8, 40, 20, 52))
    session.scribble([(9, 42), (12, 45), (15, 48)])
    session.commit()
    session.merge_instances(("bright", 1), ("bright", 2))
    session.merge_classes("other", "dim")
    session.begin("bright")
    session.discard()
    session.undo()
    session.undo()
    session.redo()
    session.remove_layer("dim")
    redone = again(session)
    assert things(redone) == things(session)
    assert digest(redone.timeline) == digest(session.timeline)
    assert redone.recipe == session.recipe


def test_clusters_are_found_named_and_drawn_again():
    session = Session()
    session.open(source())
    session.add_classes("bright: white; grey: grey")
    session.find_clusters()
    session.name_cluster(0, "bright")
    session.split_cluster(0)
    session.name_cluster(1, None)
    session.draw_clusters()
    from napari_zeroseg.backends.registry import backends_of

    assert things(again(session, backends_of)) == things(session)


def test_masks_that_were_taken_from_a_comparison_are_taken_again():
    from napari_zeroseg.core.outcome import Outcome

    session = inline()
    first = session.state.instances[0]
    found = replace(first, provenance=replace(first.provenance, detector="other"))
    session._compared_on = session.source
    session.take_outcome(Outcome("other", (found,)))
    assert things(session)[0][-1].detector == "other"
    assert things(again(session)) == things(session)


def test_decisions_from_another_image_are_among_what_is_given():
    session = Session(backends=fake_backends)
    session.open(source(key="first"))
    session.add_classes("bright; grey")
    session.suggest()
    session.accept("bright")
    session.reject("grey")
    session.open(source(key="second"))
    session.suggest()
    session.run()
    assert [s.decision for s in session.state.suggestions] == [Decision.ACCEPTED, Decision.REJECTED]
    (given,) = [note for note in session.notebook.notes if isinstance(note, Given)]
    assert given.decisions == {"bright": Decision.ACCEPTED, "grey": Decision.REJECTED}
    assert things(again(session)) == things(session) != []


def test_what_came_to_nothing_leaves_no_note():
    session = inline()
    before = session.notebook.notes
    session.accept("bright")
    session.cancel()
    with pytest.raises(Exception, match="nothing"):
        session.redo()
    assert session.notebook.notes == before


def test_numbers_of_numpy_are_numbers_to_a_note():
    session = inline()
    session.accept_instances(InstanceKey("bright", np.int64(1)))
    session.begin("grey")
    session.click(np.float32(10), np.float64(45))
    assert not any(isinstance(note, Unrecorded) for note in session.notebook.notes)
    assert things(again(session)) == things(session)


def test_planes_of_a_stack_are_gone_to_again():
    stack = Volume(np.stack([squares(), squares()[::-1]]), "ZYX")
    shown = api.volume_source("stack", stack)
    session = Session(backends=fake_backends)
    session.open(shown.on((1,)))
    session.add_classes("bright")
    session.suggest()
    session.accept("bright")
    session.run()
    session.open(session.source.on((0,)))
    session.run()
    redone = replay(session.notebook.notes, lambda c: api.volume_source("stack", stack, c), fake_backends)
    assert things(redone) == things(session)
    assert {i.plane for i in redone.state.instances} == {(0,), (1,)}
    flat = Volume(squares(), "YX")
    with pytest.raises(BadImageError, match="does not have"):
        replay(session.notebook.notes, lambda c: api.volume_source("flat", flat, None), fake_backends)


@pytest.mark.parametrize(("less", "word"), [(1, "less"), (-1, "more")])
def test_models_that_answer_otherwise_are_told(less, word):
    class Other(FakeBackend):
        def detect(self, image, classes):
            found = super().detect(image, classes)
            return found[1:] if less > 0 else [*found, *found[:1]]

    session = inline(lambda r: fake_backends(r, FakeBackend() if less > 0 else Few()))
    other = Other() if less > 0 else FakeBackend()
    with pytest.raises(ReplayError, match=word):
        again(session, lambda r: fake_backends(r, other))


class Few(FakeBackend):
    def detect(self, image, classes):
        return super().detect(image, classes)[1:]


def test_another_image_and_a_record_without_a_person_are_refused(worked, tmp_path):
    session, _ = worked
    script = read_saved_script(save(session, tmp_path))
    with pytest.raises(BadImageError, match="shape"):
        api.replay(script, squares())
    result = api.segment(blood(), "nucleus", name="blood")
    bundle = Bundle(tmp_path, "blood", ("nucleus",))
    bundle.write(result)
    with pytest.raises(BadFileError, match="nothing that a person did"):
        read_script(bundle.record)


def test_work_from_before_there_were_notes_is_told():
    session = inline()
    timeline = replace(session.timeline, notes=(), recipe=None)
    other = Session(backends=fake_backends)
    other.open(source())
    other.restore(timeline)
    other.delete_instances(("bright", 1))
    with pytest.raises(ReplayError, match="Not everything"):
        again(other)


def test_restored_work_goes_on_in_its_notes():
    session = inline()
    other = Session(backends=fake_backends)
    other.open(source())
    other.restore(session.timeline)
    other.delete_instances(("bright", 1))
    assert things(again(other)) == things(other)
    assert len(things(other)) == 2


def test_silent_events_are_not_counted():
    session = inline()
    run = [note for note in session.notebook.notes if note.kind == "events"][-1]
    assert run.count == len(session.state.instances) + 2  # the looks, what was detected, each object
    assert run.ended
