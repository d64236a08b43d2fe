"""Features of Stable Diffusion against the U-Net asked directly, on random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_zeroseg.backends import residency, stable_diffusion
from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.stable_diffusion import StableDiffusion, attentions, latent, queries, read
from napari_zeroseg.backends.weights.places import VARIABLE, folder_of
from napari_zeroseg.core.errors import BadFileError
from tests.backends.tiny_diffusion import WIDTHS, write_stable_diffusion

ENTRY = find(Role.EXTRACTOR, "sd:1.5")
SIDE = 128
IMAGE = np.random.default_rng(0).random((40, 56, 3), np.float32) * np.float32([1, 0.2, 0.6])


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("models")))
        patch.setattr(stable_diffusion, "SIDE", SIDE)
        folder = folder_of(ENTRY.weights)
        write_stable_diffusion(folder)
        yield folder
    residency.release()


def _whole(folder: Path):
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False).eval()


class _Asking:
    """An attention written out on plain tensors, which notes the queries that it computes."""

    def __init__(self) -> None:
        self.queries = None

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, **_):
        source = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query = hidden_states @ attn.to_q.weight.T
        key, value = source @ attn.to_k.weight.T, source @ attn.to_v.weight.T
        self.queries = query

        def heads(x):
            return x.unflatten(2, (attn.heads, -1)).transpose(1, 2)

        scores = heads(query) @ heads(key).transpose(2, 3) * heads(query).shape[-1] ** -0.5
        mixed = (scores.softmax(dim=-1) @ heads(value)).transpose(1, 2).flatten(2)
        return mixed @ attn.to_out[0].weight.T + attn.to_out[0].bias


@torch.no_grad()
def test_features_are_the_queries_that_the_whole_network_computes(folder: Path) -> None:
    from diffusers import AutoencoderKL
    from transformers import AutoTokenizer, CLIPTextModel

    unet = _whole(folder)
    blocks = [*unet.down_blocks[2].attentions[:2], *unet.up_blocks[1].attentions[:3]]
    asking = [_Asking() for _ in blocks]
    for block, processor in zip(blocks, asking, strict=True):
        block.transformer_blocks[0].attn2.set_processor(processor)
    vae = AutoencoderKL.from_pretrained(folder / "vae", low_cpu_mem_usage=False).eval()
    square = torch.nn.functional.interpolate(
        torch.from_numpy(IMAGE).permute(2, 0, 1)[None], (SIDE, SIDE), mode="bilinear", antialias=True
    )
    latents = vae.encode(2 * square - 1).latent_dist.mean * 0.18215
    tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer")
    prompt = tokenizer("", padding="max_length", max_length=77, return_tensors="pt").input_ids
    text = CLIPTextModel.from_pretrained(folder / "text_encoder").eval()(prompt).last_hidden_state
    unet(latents, torch.tensor(0), encoder_hidden_states=text)

    expected = []
    for processor in asking:
        assert processor.queries.shape == (1, (SIDE // 8 // 4) ** 2, WIDTHS[2])
        plane = processor.queries[0].T.reshape(1, WIDTHS[2], SIDE // 32, SIDE // 32)
        expected.append(torch.nn.functional.interpolate(plane, (32, 32), mode="bilinear")[0])
    found = StableDiffusion(Checkpoint("sd", ENTRY.weights)).features(IMAGE)
    assert found.shape == (32, 32, 5 * WIDTHS[2])
    assert found.dtype == np.float32
    assert np.allclose(found, torch.cat(expected).permute(1, 2, 0), atol=1e-4)
    assert found.std() > 0.1


@torch.no_grad()
def test_queries_are_to_q_of_each_blocks_own_hidden_states(folder: Path) -> None:
    model = read(folder)
    pixels = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2)) * 2 - 1
    states: list[torch.Tensor] = []
    blocks = list(attentions(model.unet))
    hooks = [
        b.transformer_blocks[0].norm2.register_forward_hook(lambda *a: states.append(a[2])) for b in blocks
    ]
    found = queries(model.unet, latent(model.vae, pixels), model.empty)
    for hook in hooks:
        hook.remove()
    for block, hidden, query in zip(blocks, states, found, strict=True):
        assert torch.allclose(query, hidden @ block.transformer_blocks[0].attn2.to_q.weight.T, atol=1e-5)


def test_what_features_do_not_need_is_not_held(folder: Path) -> None:
    model = read(folder)
    whole = sum(p.numel() for p in _whole(folder).parameters())
    assert sum(p.numel() for p in model.unet.parameters()) < whole
    assert not any("decoder" in name for name, _ in model.named_parameters())
    assert residency.size_of(model) > 0


def test_after_a_pass_no_hook_is_left(folder: Path) -> None:
    model = read(folder)
    with torch.no_grad():
        queries(model.unet, torch.zeros(1, 4, 16, 16), model.empty)
    assert not any(m._forward_hooks for m in model.unet.modules())


@pytest.mark.parametrize("part", ["unet", "vae"])
def test_another_model_is_refused(folder: Path, tmp_path: Path, part: str) -> None:
    import shutil

    shutil.copytree(folder, tmp_path / "sd")
    path = tmp_path / "sd" / part / "diffusion_pytorch_model.safetensors"
    state = load_file(path)
    state.pop(next(iter(state)))
    save_file(state, path)
    with pytest.raises(BadFileError, match="another model"):
        read(tmp_path / "sd")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BadFileError, match="damaged"):
        read(tmp_path / "sd")
