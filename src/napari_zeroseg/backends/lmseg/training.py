"""A head learns from corrected masks: a few small steps, judged on an image that it does not see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.allocator import keep_freed_memory
from napari_zeroseg.backends.lmseg import network
from napari_zeroseg.core.cancellation import interruptible

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_zeroseg.backends.lmseg.sizes import Sizes

    Floats = NDArray[np.float32]
    State = dict[str, Tensor]

EPOCHS = 12
STEPS = 20
"""Per epoch."""
PATIENCE = 4
"""Epochs without a better result after which it is over."""
CROP = 96
"""Largest side of what is looked at in a step, in places."""
PLACES = 80_000
"""Places, each once for every class, that are looked at in a step, about."""
RATE = 3e-3
FIRST_STEPS = 100
"""Steps per class in which single places are learned, before their neighbourhood."""
MOST_FIRST_STEPS = 600
"""With more, few images are learned by heart."""
FIRST_PLACES = 4096
"""Places, by lot, that are looked at in each of them."""
FIRST_RATE = 1e-2
DECAY = 0.02
CLIP = 1.0
BALANCE = 0.3
"""Power of its rarity with which a class counts."""
SHADE = 0.1
"""Standard deviation of what is added to each detail feature of a window, in its own deviations."""
KNOWN = 0.5
"""Least part of a place of which the class is known, for it to be judged."""
AVERAGING = 0.97
"""Part of the average that stays at each step: what is judged and kept is the average of the way."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One corrected image.

    Parameters
    ----------
    dense, detail : ndarray of float32, shapes (h, w, d) and (h, w, e)
        Its features, F_c and F_s, on one grid.
    truth : ndarray of float32, shape (1 + N, h, w)
        Which part of each place belongs to no class and to each class.
    """

    dense: Floats
    detail: Floats
    truth: Floats

    def part(self, rows: slice, cols: slice) -> Lesson:
        """Return what is in a window."""
        return Lesson(self.dense[rows, cols], self.detail[rows, cols], self.truth[:, rows, cols])


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was learned until now.

    Parameters
    ----------
    epoch : int
        How many epochs are over; 0 where places were looked at by themselves alone.
    score : float
        Mean intersection over union on what was held out, over the classes that are there.
    best : float
        The best score so far, that of ``state``.
    state : dict of str to Tensor
        The parameters that had it.
    """

    epoch: int
    score: float
    best: float
    state: State = field(repr=False)


def with_height(detail: Floats) -> Floats:
    """Return features with one more: how high a place lies, from -1 at the top to 1 at the bottom.

    For images in which up is up: sky is above, road below.
    """
    rows = np.linspace(-1, 1, len(detail), dtype=np.float32)[:, None, None]
    return np.concatenate((detail, np.broadcast_to(rows, (*detail.shape[:2], 1))), axis=2)


def held_out(lessons: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """Return what is learned from, and what it is judged on: the last image, or the half of a single one."""
    if len(lessons) > 1:
        return list(lessons[:-1]), [lessons[-1]]
    (only,) = lessons
    rows, cols = only.truth.shape[1:]
    whole = slice(None)
    if rows >= cols:
        return [only.part(slice(rows // 2), whole)], [only.part(slice(rows // 2, None), whole)]
    return [only.part(whole, slice(cols // 2))], [only.part(whole, slice(cols // 2, None))]


def learn(
    lessons: Sequence[Lesson], classes: Floats, sizes: Sizes, *, seed: int, upright: bool
) -> Iterator[Learned]:
    """Learn from corrected images; stop when what is held out gets no better.

    Parameters
    ----------
    lessons : sequence of Lesson
        At least one.
    classes : ndarray of float32, shape (1 + N, d)
        Vectors of no class and of each class.
    sizes : Sizes
        Of the head.
    seed : int
        Everything that is drawn by lot comes from it: the same seed, lessons and machine give the
        same head, bit for bit.
    upright : bool
        Whether up is up in these images: they are mirrored then, but not turned.

    Yields
    ------
    Learned
        At the beginning, and after every epoch.

    Raises
    ------
    CancelledError
        When the work was called off, between two steps.
    """
    studied, exam = held_out(lessons)
    best, since = None, 0
    for epoch, steps in enumerate(_epochs(studied, classes, sizes, seed=seed, upright=upright)):
        answers = [
            probabilities(steps.average, sizes, e.dense, e.detail, classes).argmax(axis=0) for e in exam
        ]
        score = overlap(answers, exam)
        since = 0 if best is None or score > best.best else since + 1
        state = best.state if best is not None and since else steps.state()
        best = Learned(epoch, score, score if best is None else max(score, best.best), state)
        yield best
        if since >= PATIENCE:
            return


def learn_all(
    lessons: Sequence[Lesson], classes: Floats, sizes: Sizes, *, seed: int, upright: bool, epochs: int
) -> Iterator[State]:
    """Learn once more from the beginning, from all images, what was held out among them.

    There is nothing left to judge by: how long to learn is what :func:`learn` found out.

    Parameters
    ----------
    lessons, classes, sizes, seed, upright
        As for :func:`learn`.
    epochs : int
        After how many it was best there.

    Yields
    ------
    dict of str to Tensor
        The parameters at the beginning and after every epoch; the last ones are the result.
    """
    every = _epochs(lessons, classes, sizes, seed=seed, upright=upright)
    for steps in islice(every, epochs + 1):
        yield steps.state()


def _epochs(
    lessons: Sequence[Lesson], classes: Floats, sizes: Sizes, *, seed: int, upright: bool
) -> Iterator[_Steps]:
    """Yield the network once it knows single places, and after every epoch."""
    import torch

    keep_freed_memory()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        nets = network.build(sizes)
    _standardise(nets, lessons)
    vectors = torch.from_numpy(np.ascontiguousarray(classes))
    steps = _Steps(nets, sizes, lessons, vectors, np.random.default_rng(seed), upright)
    steps.learn_places()
    yield steps
    for _ in range(EPOCHS):
        for _ in interruptible(range(STEPS)):
            steps.step()
        yield steps


class _Steps:
    """The network on its way, and the average of the way."""

    def __init__(
        self,
        nets: Any,
        sizes: Sizes,
        lessons: Sequence[Lesson],
        classes: Tensor,
        lots: np.random.Generator,
        upright: bool,
    ) -> None:
        from torch.optim import AdamW
        from torch.optim.lr_scheduler import OneCycleLR

        self._nets, self._sizes, self._classes = nets, sizes, classes
        self._lessons, self._lots, self._upright = lessons, lots, upright
        self.average = deepcopy(nets)
        self._rarity = _rarity(lessons)
        self._optimizer = AdamW(nets.parameters(), lr=RATE, weight_decay=DECAY)
        self._rate = OneCycleLR(self._optimizer, RATE, total_steps=EPOCHS * STEPS)
        self._done = 0

    def learn_places(self) -> None:
        """Learn projection and weight from places by themselves, which is quick."""
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits
        from torch.optim import AdamW
        from torch.optim.lr_scheduler import OneCycleLR

        dense, detail, truth = (torch.from_numpy(values) for values in _places(self._lessons))
        nets = self._nets
        own = [*nets["align"].parameters(), *nets["project"].parameters(), *nets["numbers"].parameters()]
        optimizer = AdamW(own, lr=FIRST_RATE, weight_decay=DECAY)
        steps = min(FIRST_STEPS * len(self._classes), MOST_FIRST_STEPS)
        rate = OneCycleLR(optimizer, FIRST_RATE, total_steps=steps)
        for _ in interruptible(range(steps)):
            some = torch.from_numpy(self._lots.integers(len(truth), size=FIRST_PLACES))
            fused = network.fuse(nets, dense[None, None, some], detail[None, None, some])
            found = network.scaled(nets, network.cost(fused, nets["align"](self._classes)))[0, :, 0].T
            errors = binary_cross_entropy_with_logits(found, truth[some], reduction="none").sum(1)
            loss: Any = (errors * (truth[some] * self._rarity).sum(1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
        self.average.load_state_dict(nets.state_dict())

    def step(self) -> None:
        """Look at a few windows, and move."""
        from torch.nn.utils import clip_grad_norm_

        side = min(CROP, *(n for lesson in self._lessons for n in lesson.truth.shape[1:]))
        crops = [_seen(self._lessons, side, self._lots, self._upright) for _ in range(self._batch(side))]
        dense, detail = (_stacked([getattr(c, name) for c in crops]) for name in ("dense", "detail"))
        loss: Any = self._loss(dense, detail, _stacked([c.truth for c in crops]))
        self._optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(self._nets.parameters(), CLIP)
        self._optimizer.step()
        self._rate.step()
        self._follow()

    def _batch(self, side: int) -> int:
        return max(1, PLACES // (side**2 * len(self._classes)))

    def _loss(self, dense: Tensor, detail: Tensor, truth: Tensor) -> Tensor:
        """Return the binary cross-entropy of all classes, where anything is known; rare ones count more."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        found = network.logits(self._nets, self._sizes, dense, detail, self._classes)
        errors = binary_cross_entropy_with_logits(found, truth, reduction="none").sum(1)
        weights = (truth * self._rarity[:, None, None]).sum(1)
        return (errors * weights).sum() / weights.sum().clamp_min(1e-6)

    def _follow(self) -> None:
        """Let the average follow, quickly at first."""
        import torch

        self._done += 1
        stays = min(AVERAGING, self._done / (self._done + 10))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self._nets.parameters(), strict=True):
                mean.lerp_(now, 1 - stays)

    def state(self) -> State:
        """Return a copy of the average."""
        return {name: value.clone() for name, value in self.average.state_dict().items()}


def _rarity(lessons: Sequence[Lesson]) -> Tensor:
    """Return how much a place of each class counts: more where the class is rare."""
    import torch

    areas = np.sum([lesson.truth.sum(axis=(1, 2)) for lesson in lessons], axis=0)
    usual = areas[areas > 0].mean() if areas.any() else 1.0
    weights = np.where(areas > 0, (usual / np.maximum(areas, 1)) ** BALANCE, 1.0)
    return torch.from_numpy(np.asarray(weights, np.float32))


def _places(lessons: Sequence[Lesson]) -> tuple[Floats, Floats, Floats]:
    """Return features and truth of all places whose class is known, one in a row."""
    known = [lesson.truth.sum(axis=0) > KNOWN for lesson in lessons]
    pairs = list(zip(lessons, known, strict=True))
    return (
        np.concatenate([lesson.dense[where] for lesson, where in pairs]),
        np.concatenate([lesson.detail[where] for lesson, where in pairs]),
        np.concatenate([np.moveaxis(lesson.truth, 0, 2)[where] for lesson, where in pairs]),
    )


def _seen(lessons: Sequence[Lesson], side: int, lots: np.random.Generator, upright: bool) -> Lesson:
    """Return a window of an image by lot, mirrored and turned, under light of another colour."""
    lesson = lessons[int(lots.integers(len(lessons)))]
    top, left = (int(lots.integers(n - side + 1)) for n in lesson.truth.shape[1:])
    part = lesson.part(slice(top, top + side), slice(left, left + side))
    turns = 0 if upright else int(lots.integers(4))
    mirrored = bool(lots.integers(2))
    shade = np.float32(SHADE) * lots.standard_normal((part.detail.shape[-1],), np.float32)
    detail = part.detail + shade * lesson.detail.std(axis=(0, 1))
    return Lesson(
        _turned(part.dense, turns, mirrored),
        _turned(detail, turns, mirrored),
        _turned(part.truth.transpose(1, 2, 0), turns, mirrored).transpose(2, 0, 1),
    )


def _turned(values: Floats, turns: int, mirrored: bool) -> Floats:
    return np.rot90(values[:, ::-1] if mirrored else values, turns)


def _stacked(parts: Sequence[Floats]) -> Tensor:
    import torch

    return torch.from_numpy(np.stack(parts))


def probabilities(nets: Any, sizes: Sizes, dense: Floats, detail: Floats, classes: Floats) -> Floats:
    """Return how probable each class is at each place, no class first: shape (1 + N, h, w)."""
    import torch

    with torch.inference_mode():
        inputs = (torch.from_numpy(np.ascontiguousarray(v)) for v in (dense[None], detail[None], classes))
        found: Floats = network.logits(nets, sizes, *inputs)[0].softmax(0).numpy()
    return found


def overlap(found: Sequence[NDArray[np.intp]], lessons: Sequence[Lesson]) -> float:
    """Return the mean intersection over union over the classes that are there, on known places.

    Parameters
    ----------
    found : sequence of ndarray of int, shape (h, w)
        Class ids, 0 for none.
    lessons : sequence of Lesson
        The truth.
    """
    numbers = range(len(lessons[0].truth))
    both, either = np.zeros(len(numbers)), np.zeros(len(numbers))
    for answer, lesson in zip(found, lessons, strict=True):
        known, truth = lesson.truth.sum(axis=0) > KNOWN, lesson.truth.argmax(axis=0)
        own = [((answer == k) & known, (truth == k) & known) for k in numbers]
        both += [np.count_nonzero(a & b) for a, b in own]
        either += [np.count_nonzero(a | b) for a, b in own]
    there = either > 0
    return float((both[there] / either[there]).mean()) if there.any() else 0.0


def _standardise(nets: Any, lessons: Sequence[Lesson]) -> None:
    import torch

    rows = np.concatenate([lesson.detail.reshape(-1, lesson.detail.shape[-1]) for lesson in lessons])
    nets.mean.copy_(torch.from_numpy(rows.mean(axis=0)))
    nets.deviation.copy_(torch.from_numpy(np.maximum(rows.std(axis=0), 1e-6)))
