"""The method's first and second pass with a real network: boxes, then boxes with points from their logits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import create
from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.events import Found
from napari_zeroseg.core.instance import Provenance
from napari_zeroseg.core.recipe import Parameters, Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods import grounded
from napari_zeroseg.methods.job import Job
from tests.fakes import fake_backends, source

VOCABULARY = Vocabulary.parse("bright, grey, absent")


class Watched:
    """Keeps what a segmenter is asked and what it answers."""

    def __init__(self, segmenter):
        self._segmenter = segmenter
        self.asked = []

    def embed(self, image):
        return self._segmenter.embed(image)

    def segment(self, embedding, prompts):
        answers = self._segmenter.segment(embedding, prompts)
        self.asked.append((prompts, answers))
        return answers


@pytest.fixture(scope="module", params=["sam-hq:vit-l", "sam2:hiera-tiny"])
def segmenter(request, store):
    store(request.param)
    return create(Role.SEGMENTER, request.param)


def _run(segmenter, **parameters):
    watched = Watched(segmenter)
    backends = replace(fake_backends(), segmenter=watched)
    recipe = Recipe(parameters=Parameters(**parameters))
    job = Job(VOCABULARY, ["bright", "grey"], backends, recipe, Provenance())
    events = list(grounded.segment(source().pixels, job, Claims(VOCABULARY)))
    return watched.asked, [e for e in events if isinstance(e, Found)]


def _gap(points):
    places = np.array([(p.x, p.y) for p in points])
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    return float(apart[~np.eye(len(places), dtype=bool)].min())


def test_the_second_pass_asks_inside_the_first_masks(segmenter):
    (boxes, first), (refined, second) = _run(segmenter, refine_points=6)[0]
    assert [p.box for p in refined] == [p.box for p in boxes]
    assert any(p.points for p in refined)
    for prompt, answer in zip(refined, first, strict=True):
        inside = answer.mask().to_plane((64, 64))
        assert all(inside[int(p.y), int(p.x)] for p in prompt.points)
        assert len(prompt.points) <= 6
    changed = [
        a.values.shape != b.values.shape or not np.allclose(a.values, b.values)
        for a, b in zip(first, second, strict=True)
    ]
    assert any(changed)


def test_spread_points_keep_apart_and_plain_ones_bunch(segmenter):
    spread = _run(segmenter, refine_points=8)[0][1][0]
    plain = _run(segmenter, refine_points=8, spread_points=False)[0][1][0]
    pairs = [(s.points, p.points) for s, p in zip(spread, plain, strict=True) if len(s.points) == 8]
    assert pairs
    assert sum(_gap(s) for s, _ in pairs) > sum(_gap(p) for _, p in pairs)


def test_without_points_there_is_one_pass(segmenter):
    asked, _ = _run(segmenter, refine_points=0)
    assert len(asked) == 1
