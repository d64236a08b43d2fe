"""A head as a file, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.torch import save

from napari_zeroseg.backends.lmseg import network
from napari_zeroseg.backends.lmseg.head import KEY, Head, UnfitHeadError, held, hold, read_head
from napari_zeroseg.core.cost_map import Aligned, shares
from napari_zeroseg.core.errors import BadFileError, MissingBackendError
from napari_zeroseg.core.lmseg import HeadReference
from napari_zeroseg.export.head import write_head
from tests.backends.lmseg.made import SIZES, VECTORS, card, head, lesson


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    first, path = head(), tmp_path / "blood.safetensors"
    write_head(first, path)
    again = read_head(path)
    assert again.card == first.card
    assert again.sha256 == first.sha256
    one = lesson(0)
    aligned = Aligned(one.dense, VECTORS[1:], VECTORS[:1], 10.0)
    expected = first.probabilities(aligned, one.detail)
    assert expected.shape == (3, 24, 20)
    assert np.array_equal(again.probabilities(aligned, one.detail), expected)


def test_the_words_count_beside_what_was_learned() -> None:
    one = lesson(0)
    dense = one.dense + np.eye(3, dtype=np.float32)[one.truth.argmax(axis=0)]
    aligned = Aligned(dense, VECTORS[1:], VECTORS[:1], 10.0)

    def answer(words: float) -> NDArray[np.float32]:
        used = Head(head().card.model_copy(update={"words": words}), head().content)
        return used.probabilities(aligned, one.detail)

    learned, words = answer(0), shares(aligned.dense, aligned)
    assert np.allclose(answer(1), words, atol=1e-4)
    between = np.sqrt(learned * words)
    assert np.allclose(answer(0.5), between / between.sum(axis=0), atol=1e-4)


@pytest.mark.parametrize("how", ["empty", "cut", "stranger", "card", "missing", "sizes", "folder"])
def test_what_is_no_head_is_refused(tmp_path: Path, how: str) -> None:
    path, content = tmp_path / "head.safetensors", head().content
    state = network.build(SIZES).state_dict()
    other = card(sizes=SIZES.model_copy(update={"token": 6})).model_dump_json()
    contents = {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "stranger": save(state),
        "card": save(state, {KEY: '{"kind": "lmseg head"}'}),
        "missing": save(dict(list(state.items())[1:]), {KEY: card().model_dump_json()}),
        "sizes": save(state, {KEY: other}),
    }
    if how == "folder":
        path.mkdir()
    else:
        path.write_bytes(contents[how])
    with pytest.raises(BadFileError, match=r"head"):
        read_head(path)


def test_a_head_is_refused_on_other_features_and_classes() -> None:
    one, usual = head(), ("embedded:regions", "embedded:scales", 256)
    one.check(["cell", "rim", "dust"], ["rim"], *usual)
    with pytest.raises(UnfitHeadError, match=r"learned on features of embedded:regions and embedded:scales"):
        one.check(["cell", "rim"], ["cell"], "clip:vit-b-16", "sam:vit-b", 256)
    with pytest.raises(UnfitHeadError, match=r"on a grid of 256; those chosen now .* of 128"):
        one.check(["cell", "rim"], ["cell"], *usual[:2], 128)
    for classes, asked in ((["cell", "dust", "rim"], ["dust"]), (["cell"], ["cell"])):
        with pytest.raises(UnfitHeadError, match=r"tells 'cell', 'rim' apart"):
            one.check(classes, asked, *usual)


def test_recipes_find_a_head_by_its_content() -> None:
    one = head()
    hold(one)
    assert held(one.reference("blood")) is one
    with pytest.raises(MissingBackendError, match="'lost', which is not loaded"):
        held(HeadReference(name="lost", sha256="0" * 64))
