"""A class in several short texts, for models that compare images with texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_zeroseg.core.attributes import Attributes
    from napari_zeroseg.core.vocabulary import TargetClass

MAX_DESCRIPTIONS = 51  # as many as RAM++ was trained with
MAX_NAMES = 7  # all texts of so many names fit


def descriptions(target: TargetClass) -> tuple[str, ...]:
    """Return texts that say what a class looks like.

    Parameters
    ----------
    target : TargetClass
        With synonyms and attributes as far as they are known.

    Returns
    -------
    tuple of str
        From two to ``MAX_DESCRIPTIONS``, no two alike, plain ones first: each name by itself, and
        with each part of the look.
    """
    names = list(dict.fromkeys((target.name, *target.synonyms)))[:MAX_NAMES]
    by_name = [_texts(name, target.attributes) for name in names]
    texts = dict.fromkeys(text for alike in zip(*by_name, strict=True) for text in alike)
    return tuple(texts)[:MAX_DESCRIPTIONS]


def _texts(name: str, look: Attributes) -> list[str]:
    """Return the texts of one name, as many and in the same order for every name."""
    parts = (look.text(), look.color, look.shape, look.texture, look.sense)
    return [
        f"a photo of a {name}.",
        f"{name} in an image.",
        *(f"{name}, {part}." for part in parts if part),
    ]
