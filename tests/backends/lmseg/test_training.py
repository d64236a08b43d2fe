"""The head learns; the same seed gives the same head; a person can stop it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_zeroseg.backends.lmseg import network, training
from napari_zeroseg.backends.lmseg.head import Head
from napari_zeroseg.backends.lmseg.training import (
    Lesson,
    held_out,
    learn,
    learn_all,
    overlap,
    probabilities,
)
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.cost_map import cost_map
from tests.backends.lmseg.made import SIZES, VECTORS, card, learned, lesson


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "EPOCHS", 3)
    monkeypatch.setattr(training, "STEPS", 8)
    monkeypatch.setattr(training, "PLACES", 2000)
    monkeypatch.setattr(training, "FIRST_STEPS", 20)


def test_it_learns_what_the_detail_tells() -> None:
    ways = learned()
    assert [way.epoch for way in ways] == [0, 1, 2, 3]
    assert ways[-1].best == max(way.score for way in ways)
    assert ways[-1].best > 0.8
    nets = network.build(SIZES)
    nets.load_state_dict(ways[-1].state)
    new = lesson(9)
    found = probabilities(nets, SIZES, new.dense, new.detail, VECTORS)
    assert np.allclose(found.sum(axis=0), 1, atol=1e-5)
    assert overlap([found.argmax(axis=0)], [new]) > 0.8


def test_the_same_seed_gives_the_same_head() -> None:
    torch.manual_seed(1)
    first = [Head.of(card(), way.state).content for way in learned(seed=5)]
    torch.manual_seed(2)
    torch.rand(3)
    state = torch.get_rng_state()
    assert [Head.of(card(), way.state).content for way in learned(seed=5)] == first
    assert torch.equal(torch.get_rng_state(), state), "other users of torch's numbers are left alone"
    assert Head.of(card(), learned(seed=6)[-1].state).content != first[-1]


def test_it_stops_where_nothing_gets_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "EPOCHS", 10)
    monkeypatch.setattr(training, "STEPS", 1)
    monkeypatch.setattr(training, "PATIENCE", 2)
    scores = iter([0.3, 0.5, 0.4, 0.5, 0.9])
    monkeypatch.setattr(training, "overlap", lambda *_: next(scores))
    ways = learned()
    assert [way.score for way in ways] == [0.3, 0.5, 0.4, 0.5]
    assert ways[-1].best == 0.5
    assert ways[-1].state is ways[1].state


def test_it_can_be_called_off_between_steps() -> None:
    cancellation = Cancellation()
    work = learn([lesson(0), lesson(1)], VECTORS, SIZES, seed=0, upright=True)
    with cancelled_by(cancellation):
        kept = next(work)
        cancellation.cancel()
        with pytest.raises(CancelledError):
            next(work)
    assert kept.state


def _from_all(lessons: list[Lesson], epochs: int = 3, seed: int = 0) -> dict[str, torch.Tensor]:
    *_, last = learn_all(lessons, VECTORS, SIZES, seed=seed, upright=False, epochs=epochs)
    return last


def test_what_was_held_out_is_learned_from_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    lessons, studied, own = [lesson(0), lesson(1), lesson(2)], [], training._epochs

    def watched(some, *rest, **named):
        studied.append(list(some))
        return own(some, *rest, **named)

    monkeypatch.setattr(training, "_epochs", watched)
    next(learn(lessons, VECTORS, SIZES, seed=0, upright=False))
    next(learn_all(lessons, VECTORS, SIZES, seed=0, upright=False, epochs=0))
    assert studied == [lessons[:-1], lessons]


def test_learning_from_all_takes_as_long_as_it_is_told_and_gives_the_same() -> None:
    lessons = [lesson(0), lesson(1)]
    ways = list(learn_all(lessons, VECTORS, SIZES, seed=5, upright=False, epochs=2))
    assert len(ways) == 3
    first = Head.of(card(), ways[-1]).content
    torch.manual_seed(7)
    assert Head.of(card(), _from_all(lessons, 2, 5)).content == first
    assert Head.of(card(), _from_all(lessons, 2, 6)).content != first
    assert Head.of(card(), _from_all(lessons, 0, 5)).content == Head.of(card(), ways[0]).content


def test_what_is_not_known_teaches_nothing() -> None:
    nets = network.build(SIZES)
    steps = training._Steps(
        nets, SIZES, [lesson(0)], torch.from_numpy(VECTORS), np.random.default_rng(0), upright=True
    )
    dense, detail = (torch.from_numpy(v[None]) for v in (lesson(0).dense, lesson(0).detail))
    truth = torch.from_numpy(lesson(0).truth[None])
    known = truth.clone()
    known[..., :10] = 0
    changed = detail.clone()
    # far from the border of what is known: attention and convolutions see beyond it
    assert torch.isfinite(steps._loss(dense, changed, torch.zeros_like(truth)))
    assert steps._loss(dense, detail, torch.zeros_like(truth)) == 0
    assert steps._loss(dense, detail, known) > 0


def test_a_single_image_is_held_out_by_half() -> None:
    (studied,), (exam,) = held_out([lesson(0)])
    assert studied.truth.shape == exam.truth.shape == (3, 12, 20)
    assert [one.truth.shape for one in held_out([lesson(0), lesson(1)])[0]] == [(3, 24, 20)]


def test_the_cost_map_is_the_formula() -> None:
    features = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    found = network.cost(torch.from_numpy(features[None]), torch.from_numpy(VECTORS))[0].numpy()
    assert np.allclose(found, cost_map(features, VECTORS), atol=1e-6)


def test_features_are_fused_by_the_weight() -> None:
    nets = network.build(SIZES)
    one = lesson(0)
    dense, detail = (torch.from_numpy(v[None]) for v in (one.dense, one.detail))
    for number in (-20.0, 0.0, 20.0):
        torch.nn.init.constant_(nets["numbers"]["weight"], number)
        w = 1 / (1 + np.exp(-number))
        expected = w * nets["align"](dense) + (1 - w) * nets["project"](detail.clamp(-4, 4))
        assert torch.allclose(network.fuse(nets, dense, detail), expected, atol=1e-5)


def test_classes_may_come_in_any_order() -> None:
    nets = network.build(SIZES)
    one, order = lesson(0), [2, 0, 1]
    inputs = (torch.from_numpy(one.dense[None]), torch.from_numpy(one.detail[None]))
    found = network.logits(nets, SIZES, *inputs, torch.from_numpy(VECTORS))
    turned = network.logits(nets, SIZES, *inputs, torch.from_numpy(VECTORS[order]))
    assert torch.allclose(turned, found[:, order], atol=1e-4)


def test_windows_look_at_no_place_beyond_the_border() -> None:
    nets = network.build(SIZES)
    tokens, guide = torch.randn(1, 5, 6, SIZES.token), torch.randn(1, 5, 6, SIZES.guide)
    block = nets["plain"]
    found = network.within_windows(block, tokens, guide, 8, 0)
    normed = block["norm"](tokens).reshape(1, 30, -1)
    query, key = block["ask"](torch.cat((normed, guide.reshape(1, 30, -1)), -1)).chunk(2, -1)
    value = block["value"](normed)
    heads = []
    for q, k, v in zip(query.chunk(2, -1), key.chunk(2, -1), value.chunk(2, -1), strict=True):
        heads.append((q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).softmax(-1) @ v)  # the bias is 0 at first
    after = tokens + block["out"](torch.cat(heads, -1)).reshape(tokens.shape)
    assert torch.allclose(found, after + block["mlp"](after), atol=1e-5)
