"""Writing that ends when nobody waits for it."""

from __future__ import annotations

import pytest
import torch

from napari_zeroseg.backends.generation import written
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by


@pytest.fixture(scope="module")
def model():
    from transformers import OPTConfig, OPTForCausalLM

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "word_embed_proj_dim": 16, "ffn_dim": 16, "num_hidden_layers": 1}
    config = OPTConfig(vocab_size=40, num_attention_heads=2, **sizes)
    made = OPTForCausalLM(config).eval()
    made.generation_config.update(eos_token_id=None, num_beams=3, early_stopping=True)
    return made


PROMPT = torch.tensor([[2, 5, 7]])


def test_each_token_is_the_likeliest(model) -> None:
    tokens = written(model, 6, input_ids=PROMPT)
    assert tokens.shape == (1, 9)
    for end in range(3, 9):
        with torch.inference_mode():
            assert model(tokens[:, :end]).logits[0, -1].argmax() == tokens[0, end]


def test_it_ends_in_the_middle_when_called_off(model, monkeypatch: pytest.MonkeyPatch) -> None:
    cancellation, steps = Cancellation(), []
    forward = model.forward

    def counting(*arguments, **named):
        steps.append(1)
        if len(steps) == 3:
            cancellation.cancel()
        return forward(*arguments, **named)

    monkeypatch.setattr(model, "forward", counting)
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        written(model, 500, input_ids=PROMPT)
    assert len(steps) == 3


def test_it_does_not_begin_when_called_off_before(model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "forward", None)
    cancellation = Cancellation()
    cancellation.cancel()
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        written(model, 5, input_ids=PROMPT)
