"""A learned head as a value: saved as safetensors, with what it is in JSON beside the numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_zeroseg.backends.lmseg import network
from napari_zeroseg.backends.lmseg.sizes import Sizes
from napari_zeroseg.backends.lmseg.training import probabilities, with_height
from napari_zeroseg.core.cost_map import fused, pooled, shares
from napari_zeroseg.core.errors import BadFileError, MissingBackendError, ZeroSegError
from napari_zeroseg.core.lmseg import HeadReference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_zeroseg.core.cost_map import Aligned

    Floats = NDArray[np.float32]

MAX_BYTES = 64_000_000
"""A head takes about 150 kB; a larger file is none."""
KEY = "napari-zeroseg"
"""Under which the JSON lies in the file's metadata."""

Text = Annotated[str, Field(max_length=500)]


class UnfitHeadError(ZeroSegError):
    """A head was asked about features or classes that it did not learn with."""


class Card(BaseModel):
    """What a head is, and how it came about.

    Attributes
    ----------
    classes : tuple of str
        What it tells apart, in order.
    encoder, detail : str
        The backends whose features it learned with.
    grid : int
        Longest side of the grid of those features.
    sizes : Sizes
        Of its layers.
    images : int
        From how many corrected images it learned.
    seed : int
        What was drawn by lot.
    upright : bool
        Whether up was up in the images: it heeds how high a place lies then.
    epochs : int
        After how many it was best.
    score, before : float
        Mean intersection over union on what was held out, while it was: the head's, and without
        training.
    weight : float
        w of the method without training.
    words : float
        How much the method without training still counts beside what was learned, 0..1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["lmseg head"] = "lmseg head"
    version: Literal[1] = 1
    classes: Annotated[tuple[Text, ...], Field(min_length=1, max_length=1000)]
    encoder: Text
    detail: Text
    grid: Annotated[int, Field(ge=1, le=4096)]
    sizes: Sizes
    images: Annotated[int, Field(ge=1)]
    seed: int
    upright: bool
    epochs: Annotated[int, Field(ge=0)]
    score: Annotated[float, Field(ge=0, le=1)]
    before: Annotated[float, Field(ge=0, le=1)]
    weight: Annotated[float, Field(ge=0, le=1)] = 1
    words: Annotated[float, Field(ge=0, le=1)] = 0


@dataclass(frozen=True, eq=False)
class Head:
    """A learned head.

    Parameters
    ----------
    card : Card
        What it is.
    content : bytes
        The file, as it is saved.
    """

    card: Card
    content: bytes = field(repr=False)

    @classmethod
    def of(cls, card: Card, state: dict[str, Tensor]) -> Head:
        """Return the head with these parameters; the same ones give the same bytes."""
        from safetensors.torch import save

        ordered = {name: state[name].contiguous() for name in sorted(state)}
        return cls(card, save(ordered, {KEY: card.model_dump_json()}))

    @cached_property
    def sha256(self) -> str:
        """Of the content, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()

    def reference(self, name: str) -> HeadReference:
        """Return what names the head in a recipe."""
        return HeadReference(name=name, sha256=self.sha256)

    @cached_property
    def _nets(self) -> Any:
        from safetensors.torch import load

        nets = network.build(self.card.sizes)
        nets.load_state_dict(load(self.content))
        return nets.eval()

    def probabilities(self, aligned: Aligned, detail: Floats) -> Floats:
        """Return how probable each class is at each place, no class first.

        Parameters
        ----------
        aligned : Aligned
            F_c on the grid, and the texts of the head's classes in its order.
        detail : ndarray of float32, shape (h, w, e)
            F_s on the same grid.

        Returns
        -------
        ndarray of float32, shape (1 + N, h, w)
            Sums to 1 over classes.
        """
        card = self.card
        seen = with_height(detail) if card.upright else detail
        learned = probabilities(self._nets, card.sizes, aligned.dense, seen, vectors(aligned))
        return pooled(learned, shares(fused(aligned.dense, detail, card.weight), aligned), card.words)

    def check(
        self, vocabulary: Sequence[str], asked: Sequence[str], encoder: str, detail: str, grid: int
    ) -> None:
        """Raise :class:`UnfitHeadError` when these are not what the head learned with.

        Parameters
        ----------
        vocabulary : sequence of str
            All classes; those of the head must be among them.
        asked : sequence of str
            The classes to look for; all must be the head's.
        encoder, detail : str
            The backends that see the image.
        grid : int
            Longest side of the grid of their features.
        """
        if (self.card.encoder, self.card.detail, self.card.grid) != (encoder, detail, grid):
            raise _unfit(
                f"The head learned on features of {self.card.encoder} and {self.card.detail} on a grid of "
                f"{self.card.grid}; those chosen now are of {encoder} and {detail} on a grid of {grid}.",
                "Choose what it learned with",
            )
        if not set(self.card.classes) <= set(vocabulary) or not set(asked) <= set(self.card.classes):
            raise _unfit(
                f"The head tells {_listed(self.card.classes)} apart; asked for are {_listed(asked)}.",
                "Take just its classes",
            )


def _unfit(happened: str, way: str) -> UnfitHeadError:
    return UnfitHeadError(
        happened, kept="The head is as it was.", remedy=f"{way}, go back to training-free, or learn anew."
    )


def vectors(aligned: Aligned) -> Floats:
    """Return the mean of the ground's texts, and the classes' below it, shape (1 + N, d)."""
    import numpy as np

    return np.concatenate((aligned.ground.mean(axis=0, keepdims=True), aligned.texts)).astype(np.float32)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def read_head(path: Path) -> Head:
    """Return the head in a file.

    Raises
    ------
    BadFileError
        When the file cannot be read, is too large, damaged, or holds anything but a head.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadFileError(f"'{path.name}' is too large to be a head.")
        content = path.read_bytes()
    except OSError as error:
        raise BadFileError(f"The head '{path}' could not be read: {error.strerror}.") from error
    try:
        return _checked(content)
    except (ValidationError, ValueError, KeyError, RuntimeError) as error:
        raise BadFileError(
            f"'{path.name}' is not a head of lmseg, or is damaged.",
            remedy="Choose a file that was saved with 'Save head…', or by `napari-zeroseg learn`.",
        ) from error


def _checked(content: bytes) -> Head:
    """Return a head whose numbers fit its card, or raise."""
    from safetensors import SafetensorError

    try:
        head = Head(Card.model_validate_json(_metadata(content)[KEY]), content)
        _ = head._nets
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    return head


def _metadata(content: bytes) -> dict[str, str]:
    """Return the metadata of safetensors' header: its length in 8 bytes, then JSON."""
    from pydantic_core import from_json

    length = int.from_bytes(content[:8], "little")
    header = from_json(content[8 : 8 + length])
    found = header["__metadata__"] if isinstance(header, dict) else {}
    return found if isinstance(found, dict) else {}


_HELD: dict[str, Head] = {}


def hold(head: Head) -> None:
    """Let recipes that name the head find it, until the program ends."""
    _HELD[head.sha256] = head


def held(reference: HeadReference) -> Head:
    """Return the head that a recipe names.

    Raises
    ------
    MissingBackendError
        When no such head was learned or loaded since the program started.
    """
    if reference.sha256 not in _HELD:
        raise MissingBackendError(
            f"The recipe was made with the learned head '{reference.name}', which is not loaded.",
            remedy="Load its file (--head FILE on the command line), or go back to training-free.",
        )
    return _HELD[reference.sha256]
