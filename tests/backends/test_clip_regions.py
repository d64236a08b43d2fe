"""CLIP's names for parts of an image against plain calls of transformers, on random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_zeroseg.backends import clip_regions, residency
from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.clip_regions import ClipRegions, alone, read
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.weights.places import VARIABLE, folder_of
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.backends.ram.published import write_clip

ENTRY = find(Role.CLASSIFIER, "clip:vit-b-32")
IMAGE = np.random.default_rng(0).random((32, 32, 3), np.float32) * np.float32([1, 0.2, 0.6])
CLASSES = list(Vocabulary.parse("nucleus; sky; brown dog"))
MASKS = [Mask((4, 6), np.ones((20, 9), bool)), Mask((0, 0), np.eye(32, dtype=bool))]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("models")))
        folder = folder_of(ENTRY.weights)
        folder.mkdir(parents=True)
        write_clip(folder)
        yield folder
    residency.release()


@pytest.fixture
def clip() -> ClipRegions:
    return ClipRegions(Checkpoint("clip", ENTRY.weights))


@torch.no_grad()
def test_chances_are_those_of_plain_calls(clip: ClipRegions, folder: Path) -> None:
    from transformers import AutoTokenizer, CLIPConfig, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    model = CLIPModel(CLIPConfig.from_pretrained(folder)).eval()
    model.load_state_dict(torch.load(folder / "pytorch_model.bin", weights_only=True), strict=False)
    shown = []
    for mask in MASKS:
        plane = mask.to_plane((32, 32))
        shown.append((np.where(plane[..., None], IMAGE, 0) * 255).round().astype(np.uint8))
    size = {"shortest_edge": 32}
    processor = CLIPImageProcessorPil(size=size, crop_size={"height": 32, "width": 32})
    pixels = processor(shown, return_tensors="pt")["pixel_values"]
    texts = ["a photo of a nucleus", "a photo of a sky", "a photo of a brown dog", "background"]
    tokens = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    image = model.get_image_features(pixel_values=pixels).pooler_output
    text = model.get_text_features(
        input_ids=tokens.input_ids, attention_mask=tokens.attention_mask
    ).pooler_output
    cosines = torch.nn.functional.normalize(image) @ torch.nn.functional.normalize(text).T
    expected = (cosines * model.logit_scale.exp()).softmax(dim=1)[:, :-1].numpy()

    found = clip.classify(IMAGE, MASKS, CLASSES)
    assert found.shape == (2, 3)
    assert found.dtype == np.float32
    assert np.allclose(found, expected, atol=0.01)  # the processor's pixels have 8 bits
    assert (found.sum(axis=1) < 1).all()


def test_all_but_the_part_is_black() -> None:
    shown = alone(IMAGE, MASKS[0])
    assert np.array_equal(shown[4:24, 6:15], IMAGE[4:24, 6:15])
    assert shown.sum() == pytest.approx(IMAGE[4:24, 6:15].sum())


def test_batches_answer_as_one(clip: ClipRegions, monkeypatch: pytest.MonkeyPatch) -> None:
    together = clip.classify(IMAGE, MASKS, CLASSES)
    monkeypatch.setattr(clip_regions, "BATCH", 1)
    assert np.allclose(clip.classify(IMAGE, MASKS, CLASSES), together, atol=1e-5)


def test_it_stops_between_batches(clip: ClipRegions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_regions, "BATCH", 1)
    cancellation, asked = Cancellation(), []
    chances = clip_regions._chances

    def once(*arguments):
        asked.append(arguments)
        cancellation.cancel()
        return chances(*arguments)

    monkeypatch.setattr(clip_regions, "_chances", once)
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        clip.classify(IMAGE, MASKS, CLASSES)
    assert len(asked) == 1


def test_nothing_to_name_asks_no_model() -> None:
    nobody = ClipRegions(Checkpoint("clip", ENTRY.weights))
    assert nobody.classify(IMAGE, [], CLASSES).shape == (0, 3)
    assert nobody.classify(IMAGE, MASKS, []).shape == (2, 0)


def test_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    state.pop("visual_projection.weight")
    torch.save(state, tmp_path / "pytorch_model.bin")
    with pytest.raises(BadFileError, match="is not the CLIP"):
        read(tmp_path)
