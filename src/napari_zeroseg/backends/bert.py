"""The BERT encoder in numpy, which answers for short texts without loading torch or transformers.

Importing these takes seconds in which they hold Python's lock, and with it the window.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

WEIGHTS = "model.safetensors"


class Bert:
    """Computes the states of tokens as Devlin et al. describe it (arXiv:1810.04805).

    Parameters
    ----------
    folder : Path
        Holds ``config.json`` and ``model.safetensors`` in the layout of transformers' ``BertModel``.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file

        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._heads = int(config["num_attention_heads"])
        self._layers = int(config["num_hidden_layers"])
        self._epsilon = np.float32(config["layer_norm_eps"])
        self._weights: dict[str, Array] = load_file(folder / WEIGHTS)

    def __call__(self, ids: NDArray[np.int64], real: NDArray[np.bool_]) -> Array:
        """Return the last states, float32 of shape (texts, tokens, dimension).

        Parameters
        ----------
        ids : ndarray, int of shape (texts, tokens)
            Tokens of texts that are no pairs.
        real : ndarray, bool of shape (texts, tokens)
            Which tokens are no padding.
        """
        words, places, kinds = (
            self._weights[f"embeddings.{of}_embeddings.weight"] for of in ("word", "position", "token_type")
        )
        states = self._normed(words[ids] + places[: ids.shape[1]] + kinds[0], "embeddings.LayerNorm")
        # what is padded gets no attention
        unheard = np.where(real, np.float32(0), np.finfo(np.float32).min)[:, None, None, :]
        for number in range(self._layers):
            states = self._layer(states, unheard, f"encoder.layer.{number}.")
        return states

    def _layer(self, states: Array, unheard: Array, at: str) -> Array:
        heard = self._attended(states, unheard, at + "attention.self.")
        mixed = self._linear(heard, at + "attention.output.dense")
        states = self._normed(states + mixed, at + "attention.output.LayerNorm")
        inner = _gelu(self._linear(states, at + "intermediate.dense"))
        return self._normed(states + self._linear(inner, at + "output.dense"), at + "output.LayerNorm")

    def _attended(self, states: Array, unheard: Array, at: str) -> Array:
        query, key, value = (self._split(self._linear(states, at + of)) for of in ("query", "key", "value"))
        scale = np.float32(query.shape[-1] ** -0.5)
        heard = _softmax(query @ key.swapaxes(-1, -2) * scale + unheard) @ value
        return heard.swapaxes(1, 2).reshape(states.shape)

    def _split(self, states: Array) -> Array:
        """Return (texts, tokens, dimension) as (texts, heads, tokens, dimension of a head)."""
        texts, tokens, _ = states.shape
        return states.reshape(texts, tokens, self._heads, -1).swapaxes(1, 2)

    def _linear(self, states: Array, at: str) -> Array:
        flat = states.reshape(-1, states.shape[-1]) @ self._weights[at + ".weight"].T
        return (flat + self._weights[at + ".bias"]).reshape(*states.shape[:-1], -1)

    def _normed(self, states: Array, at: str) -> Array:
        centred = states - states.mean(-1, keepdims=True)
        spread = np.sqrt(np.square(centred).mean(-1, keepdims=True) + self._epsilon)
        normed: Array = centred / spread * self._weights[at + ".weight"] + self._weights[at + ".bias"]
        return normed


def _gelu(x: Array) -> Array:
    from scipy.special import erf

    half, root = np.float32(0.5), np.float32(np.sqrt(0.5))
    gated: Array = half * x * (1 + erf(x * root))
    return gated


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(-1, keepdims=True))
    shares: Array = powers / powers.sum(-1, keepdims=True)
    return shares
