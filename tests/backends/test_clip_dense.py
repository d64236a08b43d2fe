"""CLIP place by place, against transformers' own layers with a mask that lets each place see itself alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_zeroseg.backends import residency
from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.clip_dense import ClipEncoder, patch_vectors, prepared, read_image_encoder
from napari_zeroseg.backends.entry import WeightFile, Weights
from napari_zeroseg.core.descriptions import descriptions
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.backends.ram.published import TEXT, write_clip

IMAGE = np.random.default_rng(0).random((48, 64, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    write_clip(folder)
    return folder


def test_in_the_last_layer_each_place_sees_itself_alone(folder: Path) -> None:
    from transformers import CLIPModel

    clip = CLIPModel.from_pretrained(folder, local_files_only=True, attn_implementation="eager").eval()
    pixels = prepared(IMAGE, clip.config.vision_config)
    vision = clip.vision_model
    with torch.inference_mode():
        hidden = vision.pre_layrnorm(vision.embeddings(pixels, interpolate_pos_encoding=True))
        alone = torch.full((1, 1, hidden.shape[1], hidden.shape[1]), -1e9)
        alone[..., range(hidden.shape[1]), range(hidden.shape[1])] = 0
        (layer,) = vision.encoder.layers
        after = layer(hidden, attention_mask=alone)
        after = after[0] if isinstance(after, tuple) else after
        expected = clip.visual_projection(vision.post_layernorm(after[0, 1:]))
        found = patch_vectors(read_image_encoder(folder), pixels)
    assert found.shape == (3, 4, TEXT)  # twice the side of 32 pixels, in patches of 16
    unit = expected / expected.norm(dim=-1, keepdim=True)
    assert torch.allclose(found.reshape(-1, TEXT), unit, atol=1e-4)


def test_classes_are_the_mean_of_their_descriptions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = Checkpoint("clip of the tests", Weights("a/b", (WeightFile("pytorch_model.bin"),)))
    monkeypatch.setattr(Checkpoint, "folder", lambda _self: folder)
    classes = Vocabulary.parse("nucleus: dark purple, round; sky").classes
    encoder = ClipEncoder(checkpoint)
    aligned = encoder.encode(IMAGE, classes)
    residency.release()
    assert aligned.dense.shape == (3, 4, TEXT)
    assert aligned.texts.shape == (2, TEXT)
    assert aligned.ground.shape[1] == TEXT
    texts = encoder._text.encode(descriptions(classes[0]))
    assert "nucleus, dark purple." in descriptions(classes[0])
    mean = texts.mean(axis=0)
    assert np.allclose(aligned.texts[0], mean / np.linalg.norm(mean), atol=1e-5)
    stored = torch.load(folder / "pytorch_model.bin", weights_only=True)["logit_scale"]
    assert aligned.sharpness == pytest.approx(float(stored.exp()))


def test_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    for name in ("logit_scale", "visual_projection.weight"):
        torch.save({k: v for k, v in state.items() if k != name}, tmp_path / "pytorch_model.bin")
        with pytest.raises(BadFileError, match="is not the CLIP"):
            read_image_encoder(tmp_path)
