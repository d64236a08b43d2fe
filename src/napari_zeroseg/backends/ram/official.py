"""Reads the published checkpoint, ``ram_plus_swin_large_14m.pth``.

Its keys are those of the network, but for the image encoder, whose keys are Microsoft's: they are
translated to those that transformers publishes Swin with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.ram.network import head, swin_config
from napari_zeroseg.backends.ram.sizes import HEADS, sizes_of
from napari_zeroseg.backends.weights.exact import filled
from napari_zeroseg.backends.weights.reading import read_state
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor
    from torch.nn import ModuleDict

    from napari_zeroseg.backends.ram.sizes import Sizes

_ENCODER = "visual_encoder."
_COMPUTED = ("relative_position_index", "attn_mask")  # follow from the sizes
_FORMER_NAMES = {"vision_multi.": "tagging_head."}
_RENAMED = (
    (r"^patch_embed\.proj\.", "embeddings.patch_embeddings.projection."),
    (r"^patch_embed\.norm\.", "embeddings.norm."),
    (r"^layers\.", "encoder.layers."),
    (r"^norm\.", "layernorm."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.attn\.proj\.", ".attention.output.dense."),
    (r"\.attn\.", ".attention.self."),
    (r"\.mlp\.fc1\.", ".intermediate.dense."),
    (r"\.mlp\.fc2\.", ".output.dense."),
)


def read_network(path: Path) -> ModuleDict:
    """Return the network with the checkpoint's parameters, in float32 on the CPU.

    Raises
    ------
    BadFileError
        When the file is damaged or unsafe, or does not hold exactly the parameters of RAM++.
    """
    state = _state(path)
    try:
        sizes = sizes_of(state)
    except (KeyError, IndexError, ValueError) as error:
        raise _wrong(path, f"parts of it are missing ({error})") from error
    if sizes.hidden % HEADS:
        raise _wrong(path, f"its decoder of width {sizes.hidden} cannot be cut into {HEADS} heads")
    encoder = {key.removeprefix(_ENCODER): state.pop(key) for key in list(state) if key.startswith(_ENCODER)}
    network = _filled(head(sizes), state, path)
    network["visual_encoder"] = _swin(sizes, encoder, path)
    return network


def _state(path: Path) -> dict[str, Tensor]:
    state = read_state(path)
    return {_present_name(key): value.float() for key, value in state.items() if not key.endswith(_COMPUTED)}


def _present_name(key: str) -> str:
    for former, present in _FORMER_NAMES.items():
        key = key.replace(former, present)
    return key


def _filled(tree: ModuleDict, state: dict[str, Tensor], path: Path) -> ModuleDict:
    try:
        tree.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise _wrong(path, str(error)) from error
    return tree


def _swin(sizes: Sizes, official: dict[str, Tensor], path: Path) -> Any:
    from transformers import SwinModel

    state = {key: part for name, value in official.items() for key, part in _translated(name, value)}
    try:
        return filled(SwinModel, swin_config(sizes), state, add_pooling_layer=False)
    except ValueError as error:
        raise _wrong(path, str(error)) from error


def _translated(name: str, value: Tensor) -> list[tuple[str, Tensor]]:
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    if ".qkv." not in name:
        return [(name, value)]
    return [
        (name.replace("qkv", part), third)
        for part, third in zip(("query", "key", "value"), value.chunk(3), strict=True)
    ]


def _wrong(path: Path, what: str) -> BadFileError:
    return BadFileError(
        f"The file '{path}' is no checkpoint of RAM++: {' '.join(what.split())[:300]}.",
        kept="Nothing was loaded.",
        remedy="Fetch it with: napari-zeroseg models download ram:plus-swin-l",
    )
