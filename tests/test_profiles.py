"""Each profile does the whole job, on tiny models in the published layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_zeroseg import segment
from napari_zeroseg.backends import registry, residency
from napari_zeroseg.backends.catalog import PROFILES, find, profile
from napari_zeroseg.backends.entry import Entry, Role
from napari_zeroseg.backends.weights.places import VARIABLE, folder_of
from napari_zeroseg.core.freeseg import FreeSegParameters
from napari_zeroseg.core.lmseg import LmsegParameters
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Parameters, Recipe
from tests.backends import tiny_captioners
from tests.backends.grounding.tiny_models import WRITERS as DETECTORS
from tests.backends.grounding.tiny_models import write_clip_vocabulary
from tests.backends.ram.published import write_clip
from tests.backends.ram.published import write_published as write_ram
from tests.backends.sam import tiny
from tests.backends.sam.conftest import _write as write_segmenter
from tests.backends.tiny_diffusion import write_stable_diffusion

WRITERS = {
    "ram:plus-swin-l": write_ram,
    "blip2:opt-2.7b": tiny_captioners.write_blip2,
    "florence2:base": tiny_captioners.write_florence2,
    "sd:1.5": write_stable_diffusion,
    "clip:vit-b-32": write_clip,
}
EASY = Parameters(box_threshold=0.0, text_threshold=0.0, nms_iou=0.3, refine_points=3)
ANYTHING = FreeSegParameters(crf_iterations=0)
IMAGE = (np.random.default_rng(0).random((48, 64, 3)) * 255).astype(np.uint8)


def _write(entry: Entry) -> None:
    folder = folder_of(entry.weights)
    if folder.exists():
        return
    if entry.role is Role.ENCODER:
        folder.mkdir(parents=True)
        write_clip(folder)
    elif entry.role is Role.DETAIL:
        write_segmenter(find(Role.SEGMENTER, entry.name))
    elif entry.weights.repository == "facebook/sam3":  # detector and tracker are in one file
        tiny.written(tiny.lively(tiny.sam3_video()), folder)
        write_clip_vocabulary(folder, pad="<|endoftext|>")
    elif entry.name in WRITERS:
        WRITERS[entry.name](folder)
    elif entry.target in DETECTORS:
        DETECTORS[entry.target](folder, entry.name)
    else:
        write_segmenter(entry)


@pytest.fixture(params=[name for name in PROFILES if name != "embedded"])
def filled(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr("napari_zeroseg.backends.florence2.MAX_OBJECT_TOKENS", 60)
    for role, name in PROFILES[request.param].items():
        entry = find(role, name)
        if entry.weights is not None:
            _write(entry)
    registry.create.cache_clear()
    residency.release()
    yield request.param
    registry.create.cache_clear()
    residency.release()


@pytest.mark.parametrize("method", [Method.GROUNDED, Method.FREESEG_DIFF])
def test_a_profile_segments(filled: str, method: Method) -> None:
    recipe = Recipe(method=method, profile=filled, parameters=EASY, freeseg=ANYTHING)
    result = segment(IMAGE, "nucleus: dark purple, round; cat", recipe=recipe)
    assert result.state.caption
    assert result.state.tags
    assert [s.name for s in result.state.suggestions] == ["nucleus", "cat"]
    assert {i.name for i in result.instances} <= {"nucleus", "cat"}
    assert result.instances
    assert result.semantic().any()
    held = {model.name for model in residency.holdings()}
    asked = profile(filled, method)
    if method is Method.FREESEG_DIFF:
        del asked[Role.SEGMENTER]  # draws what a person corrects
    assert held >= {name for name in asked.values() if not name.startswith("embedded")}


def test_a_profile_compares_places_with_words(filled: str) -> None:
    numbers = LmsegParameters(threshold=0, least_area=1)
    recipe = Recipe(method=Method.LMSEG, profile=filled, lmseg=numbers)
    result = segment(IMAGE, "nucleus: dark purple, round; cat", recipe=recipe)
    assert {i.name for i in result.instances} <= {"nucleus", "cat"}
    held = {model.name for model in residency.holdings()}
    assert held >= {"sam:vit-b", "clip:vit-b-16 texts", "clip:vit-b-16 patches"}
