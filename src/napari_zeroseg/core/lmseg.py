"""Numbers of the method ``lmseg``, and how a recipe names what was learned."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HeadReference(_Document):
    """Names a learned head by its content; where it lies is a matter of the machine.

    Attributes
    ----------
    name : str
        What a person calls it.
    sha256 : str
        Of the saved head, in hexadecimal digits.
    """

    name: Annotated[str, Field(max_length=500)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class LmsegParameters(_Document):
    """Numbers of the method ``lmseg``.

    Attributes
    ----------
    weight : float
        w in F = w·F_c + (1 − w)·F_s: 1 for the features that know words alone, 0 for what the
        detail features say in their place. A learned head has a weight of its own.
    threshold : float
        Least probability of a class at a place, which otherwise belongs to none.
    least_area : int
        Pieces of fewer pixels are left out.
    grid : int
        Longest side of the grid on which features are compared, in places.
    upright : bool
        Whether up is up in the images that are learned from, as in a street, and unlike under a
        microscope: learning heeds how high a place lies then, and does not turn the images.
    seed : int
        What learning draws by lot comes from it.
    head : HeadReference or None
        What was learned from corrected masks; None for the method without training.
    """

    weight: Share = 0.5
    threshold: Share = 0.4
    least_area: Annotated[int, Field(ge=1, le=1_000_000)] = 16
    grid: Annotated[int, Field(ge=16, le=1024)] = 256
    upright: bool = False
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    head: HeadReference | None = None
