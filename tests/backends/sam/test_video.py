"""The video predictors follow objects with their ids, in the order of the planes, from the key masks."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends import registry, residency
from napari_zeroseg.backends.catalog import ENTRIES, find
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.prompted_tracker import PromptedTracker
from napari_zeroseg.backends.registry import create
from napari_zeroseg.backends.sam.video import KEPT, VideoTracker
from napari_zeroseg.backends.tracking import tracker_of
from napari_zeroseg.backends.weights.store import folder_of
from napari_zeroseg.core.events import Carried, Progress
from napari_zeroseg.core.instance import Instance, InstanceState, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.sequence import Kind, Row
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods.propagation import Scene, propagate
from tests.backends.sam.with_timm import needs_timm

torch = pytest.importorskip("torch")
HEIGHT, WIDTH = 40, 72
NAMES = ["sam2:hiera-tiny", pytest.param("edgetam", marks=needs_timm)]
"""One of each kind; the others differ in size alone."""


@pytest.fixture(params=NAMES, scope="module")
def segmenter(request, tmp_path_factory):
    from tests.backends.sam import tiny

    entry = find(Role.SEGMENTER, request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAPARI_ZEROSEG_MODELS", str(tmp_path_factory.mktemp("models")))
        residency.release()
        registry.create.cache_clear()
        network = tiny.lively(tiny.following(entry.target.partition(":")[2]))
        with torch.no_grad():  # random weights would say that there is no object
            network.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(50)
        tiny.written(network, folder_of(entry.weights))
        yield create(Role.SEGMENTER, request.param)
        registry.create.cache_clear()
        residency.release()


@pytest.fixture(scope="module")
def planes():
    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    waves = [np.sin(cols / 6 + t) + np.cos(rows / 5 - t / 2) for t in range(6)]
    return [np.clip(rng.normal(0.5, 0.1, (HEIGHT, WIDTH, 3)) + 0.2 * w[..., None], 0, 1) for w in waves]


@pytest.fixture(scope="module")
def planes32(planes):
    return [plane.astype(np.float32) for plane in planes]


def _square(top, left, side=12):
    return Mask((top, left), np.ones((side, side), bool))


def test_the_catalog_knows_who_follows():
    follow = {e.name for e in ENTRIES if "video" in e.capabilities}
    assert follow == {e.name for e in ENTRIES if e.name.startswith("sam2:") or e.name == "edgetam"}
    for name in follow - {"edgetam"}:
        assert isinstance(tracker_of(create(Role.SEGMENTER, name)), VideoTracker)


def test_a_segmenter_without_memory_is_prompted():
    assert isinstance(tracker_of(create(Role.SEGMENTER, "sam3:tracker")), PromptedTracker)


def test_objects_keep_their_numbers_whenever_they_begin(segmenter, planes32):
    track = tracker_of(segmenter).track(Kind.TIME)
    assert track.look(planes32[0]) == {}
    track.settle({7: _square(4, 5)}, {7})
    assert list(track.look(planes32[1])) == [7]
    track.settle({7: _square(4, 5), 3: _square(20, 40)}, {3})
    assert sorted(track.look(planes32[2])) == [3, 7]
    track.forget([7])
    track.settle({3: _square(20, 40)})
    assert sorted(track.look(planes32[3])) == [3]
    track.settle({7: _square(2, 2)}, {7})
    assert sorted(track.look(planes32[4])) == [3, 7]


def test_answers_lie_on_the_plane_and_depend_on_the_key(segmenter, planes32):
    def followed(mask):
        track = tracker_of(segmenter).track(Kind.TIME)
        track.look(planes32[0])
        track.settle({1: mask}, {1})
        return track.look(planes32[1])[1]

    one, again, other = followed(_square(4, 5)), followed(_square(4, 5)), followed(_square(20, 50, 16))
    assert np.array_equal(one.values, again.values)
    assert one.values.shape != other.values.shape or not np.allclose(one.values, other.values)
    for answer in (one, other):
        (top, left), (height, width) = answer.origin, answer.values.shape
        assert top >= 0 <= left
        assert top + height <= HEIGHT
        assert left + width <= WIDTH
        assert 0 <= answer.score <= 1


def test_a_new_key_of_an_object_is_heeded(segmenter, planes32):
    def at_the_end(new_key):
        track = tracker_of(segmenter).track(Kind.TIME)
        track.look(planes32[0])
        track.settle({1: _square(4, 5)}, {1})
        track.look(planes32[1])
        track.settle({1: new_key}, {1}) if new_key is not None else track.settle({})
        return track.look(planes32[2])[1]

    plain, corrected = at_the_end(None), at_the_end(_square(22, 50, 14))
    assert plain.values.shape != corrected.values.shape or not np.allclose(plain.values, corrected.values)


def test_long_stacks_do_not_fill_the_memory(segmenter, planes32):
    track = tracker_of(segmenter).track(Kind.TIME)
    track.look(planes32[0])
    track.settle({1: _square(4, 5)}, {1})
    for turn in range(KEPT + 6):
        track.look(planes32[turn % 6])
        track.settle({})
    memory = track._memory
    assert sum(frame.numel() > 0 for frame in memory.processed_frames.values()) == 1
    assert len(memory.output_dict_per_obj[0]["non_cond_frame_outputs"]) <= KEPT


def test_a_row_is_gone_through_in_order_and_keys_stay(segmenter, planes32):
    shown = []

    def read(plane):
        shown.append(plane[1])
        return planes32[plane[1]]

    keys = [
        Instance(4, "cell", _square(6, 6), 1.0, InstanceState.ACCEPTED, plane=(0, 2)),
        Instance(9, "cell", _square(20, 40), 1.0, InstanceState.ACCEPTED, plane=(0, 3)),
    ]
    scene = Scene((HEIGHT, WIDTH), Vocabulary.parse("cell"), keys)
    row = Row((0, 0), 1, 0, 5, Kind.TIME)
    things = [k.thing for k in keys]
    events = list(propagate(read, row, things, scene, tracker_of(segmenter), Provenance()))
    assert shown[:2] == [2, 3]
    assert shown == [*sorted(shown[: shown.index(3, 2)]), *sorted(shown[shown.index(3, 2) :], reverse=True)]
    found = [i for e in events if isinstance(e, Carried) for i in e.instances]
    assert {i.thing for i in found} <= set(things)
    assert not {i.key for i in found} & {k.key for k in keys}
    assert not any(i.mask.overlap(k.mask) for i in found for k in keys if i.plane == k.plane)
    assert any(isinstance(e, Progress) for e in events)
