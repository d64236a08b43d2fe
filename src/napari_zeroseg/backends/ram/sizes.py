"""How large the parts of a RAM++ checkpoint are, read from the shapes that it holds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

PATCH = 4  # pixels of the image per token of the first stage
HEADS = 4  # of the decoder
_BLOCK = re.compile(r"visual_encoder\.layers\.(\d+)\.blocks\.(\d+)\.norm1\.weight")
_DECODER_LAYER = re.compile(r"tagging_head\.encoder\.layer\.(\d+)\.output\.dense\.weight")
_TABLE = "visual_encoder.layers.{}.blocks.0.attn.relative_position_bias_table"


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of the image encoder (Swin), and of the decoder, which compares tags with the image.

    Parameters
    ----------
    embed_dim : int
        Width of the first stage.
    depths, heads : tuple of int
        Blocks, and attention heads, of each stage.
    window : int
        Side of an attention window, in tokens.
    text_width : int
        Of a description's vector.
    hidden, intermediate, layers : int
        Width, inner width and number of the decoder's layers.
    descriptions : int
        Of all tags together.
    """

    embed_dim: int
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    window: int
    text_width: int
    hidden: int
    intermediate: int
    layers: int
    descriptions: int

    @property
    def image_side(self) -> int:
        """Pixels of the square input: one window covers the last stage."""
        return self.window * PATCH << (len(self.depths) - 1)

    @property
    def image_width(self) -> int:
        """Width of the image encoder's tokens."""
        return self.embed_dim << (len(self.depths) - 1)


def sizes_of(state: Mapping[str, Tensor]) -> Sizes:
    """Return the sizes of a state in the official key names.

    Raises
    ------
    KeyError, IndexError, ValueError
        When parts are missing.
    """
    depths = _counts(state)
    tables = [state[_TABLE.format(i)].shape for i in range(len(depths))]
    return Sizes(
        embed_dim=state["visual_encoder.patch_embed.proj.weight"].shape[0],
        depths=depths,
        heads=tuple(table[1] for table in tables),
        window=(math.isqrt(tables[0][0]) + 1) // 2,
        text_width=state["image_proj.weight"].shape[0],
        hidden=state["fc.weight"].shape[1],
        intermediate=state["tagging_head.encoder.layer.0.intermediate.dense.weight"].shape[0],
        layers=sum(1 for key in state if _DECODER_LAYER.fullmatch(key)),
        descriptions=state["label_embed"].shape[0],
    )


def _counts(state: Mapping[str, Tensor]) -> tuple[int, ...]:
    """Return the number of blocks of each stage."""
    stages = [int(match[1]) for key in state if (match := _BLOCK.fullmatch(key))]
    return tuple(stages.count(i) for i in range(max(stages) + 1))
