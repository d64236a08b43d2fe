"""The things that a caption names: its nouns, each with the adjectives before it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from napari_zeroseg.core.text import STOP_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

ABOUT_THE_IMAGE = frozenset("image picture photo photograph view scene background foreground".split())
"""Nouns that say that there is an image, not what is in it."""


def nouns_of(caption: str) -> tuple[str, ...]:
    """Return what a caption names, in order, each once: "a brown dog on grass" → brown dog, grass.

    Parts of speech are told by textblob's lexicon and rules, which need no download.
    """
    found: list[str] = []
    phrase: list[tuple[str, str]] = []
    for word, kind in (*_tagged(caption.lower()), ("", "")):
        if phrase and _is_noun(phrase[-1][1]) and not _is_noun(kind):
            found.append(" ".join(w for w, _ in phrase))
            phrase = []
        if (_is_noun(kind) or kind.startswith("JJ")) and word not in STOP_WORDS | ABOUT_THE_IMAGE:
            phrase.append((word, kind))
        else:
            phrase = []
    return tuple(dict.fromkeys(found))


def _tagged(text: str) -> list[tuple[str, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves the file of its lexicon to be closed
        from textblob.en import tag

        words: list[tuple[str, str]] = tag(text)
        return words


def _is_noun(kind: str) -> bool:
    return kind.startswith("NN")


def nearest_names(nouns: Sequence[str], names: Iterable[str], near: NDArray[np.floating]) -> dict[str, str]:
    """Return the name that each noun is nearest to, of nouns no farther from theirs than the mean.

    Parameters
    ----------
    nouns : sequence of str
        From a caption.
    names : iterable of str
        Of the classes.
    near : ndarray of float, shape (nouns, names)
        Cosines of their text embeddings.
    """
    known = tuple(names)
    if not nouns or not known:
        return {}
    best = near.argmax(axis=1)
    farthest = float(near.max(axis=1).mean())
    return {
        noun: known[place]
        for noun, place, cosine in zip(nouns, best.tolist(), near.max(axis=1).tolist(), strict=True)
        if cosine >= farthest
    }
