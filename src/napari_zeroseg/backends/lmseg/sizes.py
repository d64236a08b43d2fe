"""The sizes of a head, as they are saved with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Width = Annotated[int, Field(ge=1, le=8192)]


class Sizes(BaseModel):
    """Widths of the layers; those of the features come from the backends.

    Attributes
    ----------
    dense, detail : int
        Numbers per place of F_c and of F_s.
    hidden, joint : int
        Width of the projection's hidden layer, and of the space in which both kinds are fused.
    token, guide : int
        Width of a token of a class's cost map, and of what the image tells it.
    fine : int
        Width of the up-sampling.
    patch, window : int
        Places along the side of a token, and tokens along the side of an attention window.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dense: Width
    detail: Width
    hidden: Width = 128
    joint: Width = 32
    token: Width = 24
    guide: Width = 16
    fine: Width = 12
    patch: Annotated[int, Field(ge=1, le=16)] = 4
    window: Annotated[int, Field(ge=2, le=16)] = 8
