"""What rounds too much stays in float32 where the rest is narrow."""

from __future__ import annotations

from functools import partial

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.mark.parametrize("kind", ["Sam", "SamHQ"])
def test_neck_and_windowed_attention_stay_in_float32(kind):
    from napari_zeroseg.backends.sam.precision import keep_precise
    from tests.backends.sam import tiny

    encoder = tiny.lively(tiny.sam(kind)).vision_encoder.eval()
    side = encoder.config.image_size
    pixels = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    kept = {name: str(out.dtype) for name, out in outputs(encoder, pixels).items()}
    assert "torch.bfloat16" in kept.values()  # autocast narrows, or there is nothing to see
    exact = encoder(pixels).last_hidden_state
    before = error(encoder, pixels, exact)
    keep_precise(encoder)
    seen = outputs(encoder, pixels)
    assert seen["neck"].dtype == torch.float32
    for index, layer in enumerate(encoder.layers):
        wanted = torch.float32 if layer.window_size else torch.bfloat16
        assert seen[f"layers.{index}.attn"].dtype == wanted
        assert seen[f"layers.{index}.mlp"].dtype == torch.bfloat16
    assert error(encoder, pixels, exact) < before


def outputs(encoder, pixels):
    """What neck, attentions and perceptrons give under autocast."""
    seen, hooks = {}, []
    for name, module in encoder.named_modules():
        if name == "neck" or name.endswith((".attn", ".mlp")):
            hooks.append(module.register_forward_hook(partial(note, seen, name)))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        encoder(pixels)
    for hook in hooks:
        hook.remove()
    return seen


def note(seen, name, _module, _inputs, output):
    seen[name] = output[0] if isinstance(output, tuple) else output


def error(encoder, pixels, exact):
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        narrow = encoder(pixels).last_hidden_state
    return float((narrow.float() - exact).detach().abs().mean())
