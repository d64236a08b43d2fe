"""Captions and tags of BLIP-2 and Florence-2 against their models asked directly."""

from __future__ import annotations

import math
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_zeroseg.backends import blip2, florence2, memory
from napari_zeroseg.backends.blip2_parts import looker, size_in_memory, split, writer
from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.pixels import CLIP, IMAGENET, squeezed
from napari_zeroseg.backends.pretrained import tokenizer_of
from napari_zeroseg.backends.residency import holdings, size_of
from napari_zeroseg.backends.weights.places import VARIABLE, folder_of
from napari_zeroseg.core.errors import BadFileError
from tests.backends.tiny_captioners import IMAGE_SIDE, byte_tokenizer, write_blip2, write_florence2

BLIP2 = find(Role.CAPTIONER, "blip2:opt-2.7b")
FLORENCE2 = find(Role.CAPTIONER, "florence2:base")
IMAGE = np.random.default_rng(0).random((40, 56, 3), np.float32) * np.float32([1, 0.2, 0.6])


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("models")))
        write_blip2(folder_of(BLIP2.weights))
        write_florence2(folder_of(FLORENCE2.weights))
        yield


def test_blip2_in_parts_writes_the_tokens_of_the_whole_model() -> None:
    from transformers import Blip2ForConditionalGeneration

    folder = folder_of(BLIP2.weights)
    whole = Blip2ForConditionalGeneration.from_pretrained(folder, dtype=torch.bfloat16).eval()
    pixels = squeezed(IMAGE, IMAGE_SIDE, CLIP, "bicubic")[None]
    expected = whole.generate(pixel_values=pixels, do_sample=False, max_new_tokens=blip2.MAX_TOKENS)
    look, write = split(folder)
    seen = blip2._seen(looker(folder, look).eval(), IMAGE)
    tokens = blip2._caption_tokens(writer(folder, write).eval(), seen)
    prompt = whole.config.num_query_tokens + 1
    assert len(set(tokens.tolist())) > 5
    assert tokens.tolist() == expected[0, prompt:].tolist()


def test_each_part_of_blip2_has_its_own_parameters_in_half_precision() -> None:
    folder = folder_of(BLIP2.weights)
    look, write = split(folder)
    for part, state in ((looker(folder, look), look), (writer(folder, write), write)):
        assert {p.dtype for p in part.parameters()} == {torch.bfloat16}
        assert size_of(part) == size_in_memory(state)
        named = dict(part.named_parameters())
        assert named.keys() == state.keys()
        assert all(torch.equal(named[key], state[key].bfloat16()) for key in state)


def test_blip2_needs_room_for_one_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    look, write = map(size_in_memory, split(folder_of(BLIP2.weights)))
    captioner = blip2.Blip2Captioner(Checkpoint("blip2", BLIP2.weights))
    expected = captioner.caption(IMAGE)
    assert {h.name: h.size for h in holdings()} == {"blip2 image": look, "blip2": write}
    monkeypatch.setenv(memory.VARIABLE, f"{max(look, write)}")
    assert captioner.caption(IMAGE) == expected
    assert {h.name: h.size for h in holdings()} == {"blip2": write}
    monkeypatch.setenv(memory.VARIABLE, f"{max(look, write) - 1}")
    with pytest.raises(memory.NotEnoughMemoryError):
        captioner.caption(IMAGE)


def test_the_first_part_of_blip2_is_gone_before_the_second_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lookers: list[weakref.ref[torch.nn.Module]] = []

    def looking(*read: Any) -> torch.nn.Module:
        model = looker(*read)
        lookers.append(weakref.ref(model))
        return model

    def writing(*read: Any) -> torch.nn.Module:
        assert [model() for model in lookers] == [None]
        return writer(*read)

    monkeypatch.setattr(blip2, "looker", looking)
    monkeypatch.setattr(blip2, "writer", writing)
    monkeypatch.setenv(memory.VARIABLE, str(max(map(size_in_memory, split(folder_of(BLIP2.weights))))))
    assert blip2.Blip2Captioner(Checkpoint("blip2", BLIP2.weights)).caption(IMAGE)
    assert len(lookers) == 1


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("", "qformer.layernorm.bias"),
        ("language_model.", "model.decoder.final_layer_norm.bias"),
    ],
)
@pytest.mark.parametrize("change", ["left out", "stranger beside it"])
def test_blip2_without_a_parameter_or_with_another_is_refused(
    part: str, name: str, change: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder = folder_of(BLIP2.weights)
    write_blip2(folder)
    key = part + name
    path = next(p for p in folder.glob("*.safetensors") if key in load_file(p))
    state = load_file(path)
    value = state.pop(key) if change == "left out" else state[key]
    save_file(state if change == "left out" else state | {f"{key}es": value.clone()}, path)
    with pytest.raises(BadFileError, match=rf"another model.*{name}"):
        blip2.Blip2Captioner(Checkpoint("blip2 changed", BLIP2.weights)).caption(IMAGE)


def test_a_tags_score_is_the_probability_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model reads its whole answer once more, and says how likely it found each token."""
    monkeypatch.setattr(florence2, "MAX_OBJECT_TOKENS", 40)
    model = florence2._read(folder_of(FLORENCE2.weights)).eval()
    tokenizer = tokenizer_of(folder_of(FLORENCE2.weights))
    tokens, chances = florence2._answer(model, tokenizer, IMAGE, florence2.OBJECTS, 40)
    start = model.config.text_config.decoder_start_token_id
    with torch.inference_mode():
        logits = model(
            input_ids=florence2._prompt(model, tokenizer, florence2.OBJECTS),
            pixel_values=squeezed(IMAGE, 768, IMAGENET, "bicubic")[None],
            decoder_input_ids=torch.tensor([[start, *tokens[:-1]]]),
        ).logits[0]
    expected = logits.log_softmax(-1)[torch.arange(len(tokens)), torch.tensor(tokens)]
    assert len(tokens) > 5
    assert chances == pytest.approx(expected.tolist(), abs=1e-4)
    tags = florence2.Florence2(Checkpoint("florence2 alone", FLORENCE2.weights)).tag(IMAGE)
    assert {t.text for t in tags} <= {t.text for t in florence2._tags(tokenizer, tokens, chances)}


@pytest.mark.parametrize("marks", [True, False], ids=["places are marks", "places are words"])
def test_names_stand_before_their_places(marks: bool) -> None:
    places = [f"<loc_{i}>" for i in range(20)]
    tokenizer = byte_tokenizer(*places) if marks else byte_tokenizer()
    tokenizer.add_tokens(places)
    text = "<s>car<loc_1><loc_2><loc_3><loc_4><loc_5><loc_6>red \x1b roof<loc_7><loc_8>and so on</s>"
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    chances = [math.log(0.5)] * len(tokens)
    chances[1], chances[3] = math.log(0.25), math.log(1.0)
    tags = list(florence2._tags(tokenizer, tokens, chances))
    assert [tag.text for tag in tags] == ["car", "red roof"]
    assert [tag.score for tag in tags] == pytest.approx([0.5, 0.5])


def test_the_prompt_has_a_place_for_each_token_of_the_image() -> None:
    """As many as the model's own check demands, and the question as its processor words it."""
    tokenizer = tokenizer_of(folder_of(FLORENCE2.weights))
    model = florence2._read(folder_of(FLORENCE2.weights))
    ids = florence2._prompt(model, tokenizer, florence2.CAPTION)[0].tolist()
    assert ids.count(model.config.image_token_id) == 577
    assert tokenizer.decode(ids[577:]) == "<s>What does the image describe?</s>"


def test_the_catalog_says_how_much_memory_the_published_sizes_take() -> None:
    from transformers import (
        Blip2Config,
        Blip2ForConditionalGeneration,
        Florence2Config,
        Florence2ForConditionalGeneration,
    )

    opt = {"model_type": "opt", "hidden_size": 2560, "word_embed_proj_dim": 2560, "ffn_dim": 10240}
    opt |= {"num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 50304}
    bart = {"model_type": "bart", "vocab_size": 51289, "d_model": 768, "max_position_embeddings": 1024}
    bart |= dict.fromkeys(("encoder_layers", "decoder_layers"), 6)
    bart |= dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 3072)
    bart |= dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 12)
    with torch.device("meta"):
        large = Blip2ForConditionalGeneration(Blip2Config(text_config=opt))
        base = Florence2ForConditionalGeneration(
            Florence2Config(vision_config={"projection_dim": 768}, text_config=bart)
        )
    assert BLIP2.memory == pytest.approx(2 * _parameters(large), rel=0.02)
    assert BLIP2.weights.size == pytest.approx(4 * _parameters(large), rel=0.02)
    assert FLORENCE2.memory == pytest.approx(4 * _parameters(base), rel=0.02)


def _parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
