"""SAM 3 asked for concepts: each class on its own, one encoding for all."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.entry import WeightFile, Weights
from napari_zeroseg.backends.grounding import sam3_concept
from napari_zeroseg.backends.grounding.sam3_concept import Sam3Concept
from napari_zeroseg.backends.pretrained import pretrained
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.backends.weights.places import VARIABLE
from napari_zeroseg.core.vocabulary import TargetClass
from tests.backends.grounding.tiny_models import write_sam3

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tests--sam3"
    write_sam3(folder)
    return folder


@pytest.fixture
def detector(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(folder.parent))
    return Sam3Concept(Checkpoint("tests:sam3", Weights("tests/sam3", (WeightFile("model.safetensors"),))))


def targets(*names):
    return [TargetClass(name) for name in names]


def test_scores_and_boxes_are_those_of_the_whole_model(detector, folder, image):
    """With its masks, which the detector leaves out."""
    found = detector.detect(image, targets("red cell"))
    model = pretrained(transformers.Sam3Model, folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    inputs = tokenizer(["red cell"], padding="max_length", max_length=32, return_tensors="pt")
    half = sam3_concept.HALF
    with torch.inference_mode():
        pixels = sam3_concept.normalized(sam3_concept.resized(image, (64, 64), "cpu"), half, half)
        output = model(pixel_values=pixels, **inputs)
    assert output.pred_masks is not None
    scores = (output.pred_logits[0].sigmoid() * output.presence_logits[0].sigmoid()).tolist()
    best = max(range(len(scores)), key=scores.__getitem__)
    assert found[0].score == pytest.approx(scores[best], abs=1e-5)
    expected = output.pred_boxes[0, best] * torch.tensor([110, 70, 110, 70])
    assert found[0].box == pytest.approx(expected.clamp(min=0).tolist(), abs=0.01)


def test_classes_asked_together_answer_as_each_alone_from_one_encoding(detector, image):
    with resident("tests:sam3", detector._load) as model:
        runs = []
        hook = model.vision_encoder.register_forward_hook(lambda *_: runs.append(1))
        together = detector.detect(image, targets("cat", "dog"))
        alone = detector.detect(image, targets("cat")) + detector.detect(image, targets("dog"))
        hook.remove()
    assert len(runs) == 1
    assert together == sorted(alone, key=lambda d: -d.score)
    assert {d.name for d in together} == {"cat", "dog"}
