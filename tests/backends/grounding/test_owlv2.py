"""OWLv2: one encoding for all classes, the square that it sees, and the boxes in the image."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.entry import WeightFile, Weights
from napari_zeroseg.backends.grounding import owlv2
from napari_zeroseg.backends.grounding.owlv2 import Owlv2
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.backends.weights.places import VARIABLE
from napari_zeroseg.core.vocabulary import TargetClass
from tests.backends.grounding.class_names import NAMES
from tests.backends.grounding.tiny_models import write_owlv2

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tests--owl"
    write_owlv2(folder)
    return folder


@pytest.fixture
def detector(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(folder.parent))
    return Owlv2(Checkpoint("tests:owl", Weights("tests/owl", (WeightFile("model.safetensors"),))))


@pytest.fixture
def model(detector):
    with resident("tests:owl", detector._load) as model:
        yield model


def targets(*names):
    return [TargetClass(name) for name in names]


def test_scores_and_boxes_are_those_of_the_model(detector, model, folder, image):
    plane = np.ascontiguousarray(image[:40, :64])  # as wide as the model sees: not resized
    found = detector.detect(plane, targets("cat", "dog"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    texts = ["a photo of a cat", "a photo of a dog"]
    inputs = tokenizer(texts, padding="max_length", max_length=16, truncation=True, return_tensors="pt")
    square = np.full((64, 64, 3), 0.5, np.float32)
    square[:40] = plane
    pixels = (square - np.float32(owlv2.CLIP_MEAN)) / np.float32(owlv2.CLIP_STD)
    with torch.inference_mode():
        output = model(pixel_values=torch.from_numpy(pixels).permute(2, 0, 1)[None], **inputs)
    scores, best = output.logits[0].sigmoid().max(dim=1)
    middle, half = 64 * output.pred_boxes[0, :, :2], 32 * output.pred_boxes[0, :, 2:]
    limit = torch.tensor([64.0, 40.0])
    low, high = (middle - half).clamp(min=0), torch.minimum(middle + half, limit)
    expected = [i for i in scores.argsort(descending=True) if (low[i] < high[i]).all() and scores[i] > 0.05]
    assert len(expected) > 4
    assert [d.score for d in found] == pytest.approx([scores[i].item() for i in expected], abs=1e-5)
    assert [d.name for d in found] == [("cat", "dog")[best[i]] for i in expected]
    for d, i in zip(found, expected, strict=True):
        assert d.box == pytest.approx([*low[i].tolist(), *high[i].tolist()], abs=1e-3)


def test_many_texts_share_one_encoding_and_their_batches_do_not_matter(detector, model, image, monkeypatch):
    runs = []
    hook = model.owlv2.vision_model.register_forward_hook(lambda *_: runs.append(1))
    whole = detector.detect(image, targets(*NAMES))
    assert {d.name for d in whole} <= set(NAMES)
    monkeypatch.setattr(owlv2, "BATCH", 7)
    cut = detector.detect(image, targets(*NAMES))
    hook.remove()
    assert len(runs) == 1
    assert [d.name for d in cut] == [d.name for d in whole]
    assert [d.score for d in cut] == pytest.approx([d.score for d in whole], abs=1e-4)


def test_a_synonym_is_a_way_to_its_class(detector, image):
    asked = detector.detect(image, [TargetClass("cat", synonyms=("feline", "dog"))])
    assert {d.name for d in asked} == {"cat"}
    assert len({d.phrase for d in asked}) > 1
    plain = detector.detect(image, targets("cat", "feline", "dog"))
    assert [(d.phrase, d.score) for d in asked] == [(d.phrase, d.score) for d in plain]


def test_the_rest_of_the_square_holds_no_box(detector, image):
    strip = np.ascontiguousarray(image[:20])
    found = detector.detect(strip, targets("cat"))
    assert found
    assert all(d.box[3] <= 20 for d in found)
