"""Every kind of prompt through a session, on the layouts of the real models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.backends.embeddings import RememberingSegmenter
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import create
from napari_zeroseg.core.instance import Combination
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares


@pytest.mark.parametrize("name", ["sam:vit-b", "sam2:hiera-tiny"])
def test_an_object_is_drawn_with_prompts_of_every_kind(store, name):
    store(name)
    asked = []
    segmenter = RememberingSegmenter(create(Role.SEGMENTER, name))
    answer = segmenter.segment

    def listened(embedding, prompts):
        asked.extend(prompts)
        return answer(embedding, prompts)

    segmenter.segment = listened
    recipe = Recipe(backends={"segmenter": name})
    session = Session(recipe=recipe, backends=lambda _: replace(fake_backends(), segmenter=segmenter))
    problems = []
    session.problem_raised.connect(problems.append)
    session.open(source(squares()))
    session.add_classes("bright")
    session.begin("bright")
    session.draw_box((4, 4, 16, 16))
    session.scribble([(6, 10), (13, 10)])
    session.click(30, 30, positive=False)
    assert not problems
    draft = session.state.draft
    assert (draft.answered, draft.segmenter) == (True, name)
    assert [(p.box is not None, len(p.points) > 1, p.mask is not None) for p in asked] == [
        (True, False, False),
        (True, True, True),
        (True, True, True),
    ]
    # random weights find no square: what counts is that the answer of the model is what is drawn
    (expected,) = answer(segmenter.embed(session.source.pixels), [draft.prompt])
    assert np.array_equal(draft.mask.to_plane((64, 64)), expected.mask().to_plane((64, 64)))
    if draft.mask.area:
        session.commit()
        session.begin("bright", 1, Combination.SUBTRACTED)
        session.draw_box((0, 0, 64, 64))
        assert not problems
