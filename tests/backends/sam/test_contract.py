"""What holds for every promptable segmenter of the catalog, through registry and store.

EdgeTAM needs timm: `with_timm.py` says how to run it without torchvision.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from napari_zeroseg.backends.catalog import ENTRIES, find
from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.embedding_store import EmbeddingStore
from napari_zeroseg.backends.embeddings import Latest, RememberingSegmenter
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import create
from napari_zeroseg.core.errors import MissingBackendError
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.prompt import Point, Prompt
from tests.backends.sam.with_timm import needs_timm

HEIGHT, WIDTH = 40, 72
NAMES = [
    pytest.param(e.name, marks=[needs_timm] if "timm" in e.packages else [])
    for e in ENTRIES
    if e.role is Role.SEGMENTER and e.weights is not None
]


def _disc():
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    return Mask.from_plane((rows - 22) ** 2 + (cols - 40) ** 2 < 90)


PROMPTS = [
    Prompt(box=(10, 5, 40, 30)),
    Prompt((Point(20, 12),)),
    Prompt((Point(20, 12), Point(60, 30, positive=False))),
    Prompt((Point(20, 12),), box=(10, 5, 40, 30)),
    Prompt((Point(30, 20),), mask=_disc()),
    Prompt(box=(28, 12, 52, 34), mask=_disc()),
    Prompt(mask=_disc()),
    Prompt(box=(0, 0, WIDTH, HEIGHT)),
    Prompt((Point(70, 38), Point(2, 1))),
    Prompt((Point(5, 5, positive=False),)),
]


@pytest.fixture(params=NAMES, scope="module")
def segmenter(request, store):
    store(request.param)
    return create(Role.SEGMENTER, request.param)


@pytest.fixture(scope="module")
def image():
    generator = np.random.default_rng(0)
    rows, cols = np.mgrid[:HEIGHT, :WIDTH] / 20
    waves = np.stack([np.sin(rows + cols), np.cos(rows * 2), np.sin(cols * 3)], -1)
    return (0.5 + 0.3 * waves + 0.05 * generator.standard_normal(waves.shape)).clip(0, 1).astype(np.float32)


def _planes(answers):
    """Logits on the whole plane; what lies outside a window is no object."""
    planes = np.full((len(answers), HEIGHT, WIDTH), -1.0, np.float32)
    for plane, answer in zip(planes, answers, strict=True):
        (y, x), (h, w) = answer.origin, answer.values.shape
        plane[y : y + h, x : x + w] = answer.values
    return planes


def test_every_kind_of_prompt_gets_an_answer_within_the_plane(segmenter, image):
    answers = segmenter.segment(segmenter.embed(image), PROMPTS)
    assert len(answers) == len(PROMPTS)
    for answer in answers:
        (y, x), (h, w) = answer.origin, answer.values.shape
        assert answer.values.dtype == np.float32
        assert 0 <= y <= y + h <= HEIGHT
        assert 0 <= x <= x + w <= WIDTH
        assert 0 <= answer.score <= 1
        assert np.isfinite(answer.values).all()
    assert any(0 < a.mask().area < HEIGHT * WIDTH for a in answers)


def test_prompts_together_and_one_by_one_get_the_same_answers(segmenter, image):
    embedding = segmenter.embed(image)
    together = segmenter.segment(embedding, PROMPTS)
    alone = [segmenter.segment(embedding, [prompt])[0] for prompt in PROMPTS]
    backwards = segmenter.segment(embedding, PROMPTS[::-1])[::-1]
    reference = _planes(alone)
    size = max(1.0, float(np.abs(reference).max()))
    for answers in (together, backwards):
        assert np.abs(_planes(answers) - reference).max() <= 1e-4 * size
        assert [a.score for a in answers] == pytest.approx([a.score for a in alone], abs=1e-4)


def test_any_number_of_prompts(segmenter, image):
    embedding = segmenter.embed(image)
    boxes = [Prompt(box=(i, i / 2, 30 + i, 20 + i / 2)) for i in range(20)]
    reference = _planes(segmenter.segment(embedding, boxes))
    for count in (1, 8, 9):
        answers = _planes(segmenter.segment(embedding, boxes[:count]))
        assert np.abs(answers - reference[:count]).max() <= 1e-4 * max(1.0, np.abs(reference).max())


def test_the_place_of_a_click_and_its_sign_matter(segmenter, image):
    here, there, less = (
        (Point(10, 8),),
        (Point(60, 30),),
        (Point(10, 8), Point(60, 30, positive=False)),
    )
    planes = _planes(segmenter.segment(segmenter.embed(image), [Prompt(p) for p in (here, there, less)]))
    assert not np.allclose(planes[0], planes[1], atol=1e-3)
    assert not np.allclose(planes[0], planes[2], atol=1e-3)


def test_a_prior_mask_matters(segmenter, image):
    box = (28.0, 12.0, 52.0, 34.0)
    plain, prior = segmenter.segment(segmenter.embed(image), [Prompt(box=box), Prompt(box=box, mask=_disc())])
    assert not np.allclose(*_planes([plain, prior]), atol=1e-3)


def test_other_pixels_give_other_masks(segmenter, image):
    prompts = PROMPTS[:2]
    one = _planes(segmenter.segment(segmenter.embed(image), prompts))
    other = _planes(segmenter.segment(segmenter.embed(1 - image), prompts))
    assert not np.allclose(one, other, atol=1e-3)


def test_a_prompt_that_asks_nothing_gets_no_object(segmenter, image):
    empty = Mask((0, 0), np.zeros((0, 0), bool))
    embedding = segmenter.embed(image)
    for answer in segmenter.segment(embedding, [Prompt(), Prompt(mask=empty)]):
        assert not answer.mask().area
    assert segmenter.segment(embedding, []) == []


def test_an_embedding_is_a_value(segmenter, image):
    first = segmenter.embed(image)
    before = _planes(segmenter.segment(first, PROMPTS[:3]))
    segmenter.embed(1 - image)
    assert np.array_equal(_planes(segmenter.segment(first, PROMPTS[:3])), before)
    assert first.nbytes == sum(m.nbytes for m in first.maps) > 0
    assert first.frame.shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize("name", NAMES)
def test_weights_that_are_not_there_are_named(name, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_ZEROSEG_MODELS", str(tmp_path))
    entry = find(Role.SEGMENTER, name)
    with pytest.raises(MissingBackendError, match=f"models download {name}"):
        Checkpoint(name, entry.weights).folder()


@pytest.mark.skipif(bool(find_spec("timm")), reason="timm is there")
def test_a_missing_package_is_named_with_the_line_to_type():
    with pytest.raises(MissingBackendError, match="pip install timm"):
        create(Role.SEGMENTER, "edgetam")


def test_a_kept_embedding_gives_the_same_masks(segmenter, image, tmp_path):
    own = segmenter._segmenter
    disk = EmbeddingStore(lambda: tmp_path, lambda: 10**9)
    made = RememberingSegmenter(own, Latest(), disk)
    found = RememberingSegmenter(own, Latest(), disk)
    answers = made.segment(made.embed(image), PROMPTS)
    assert disk.stock().count == 1
    np.testing.assert_array_equal(_planes(answers), _planes(found.segment(found.embed(image), PROMPTS)))
    assert disk.stock().count == 1


def test_other_weights_make_another_identity(segmenter, monkeypatch):
    own = segmenter._segmenter
    before = own.identity()
    assert own.identity() == before
    monkeypatch.setattr("napari_zeroseg.backends.checkpoint._digest", lambda folder, name: "other")
    assert own.identity() != before
