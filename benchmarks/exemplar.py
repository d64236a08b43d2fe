"""The rest of an image from one, three or five accepted objects, beside what words alone find."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage as ndi

import napari_zeroseg as zs
from benchmarks._data import samples
from napari_zeroseg.backends.embedded.seeker import EmbeddedSeeker
from napari_zeroseg.core.exemplars import Exemplars
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.scores.matching import match_instances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.int32]

COUNTS = (1, 3, 5)
SMALLEST = 12
"""Objects of fewer pixels are no examples."""


@dataclass(frozen=True, eq=False)
class Case:
    """An image with true objects, and the word that is said of them."""

    stem: str
    kind: str
    image: NDArray[Any]
    truth: Labels
    word: str


@dataclass(frozen=True)
class Row:
    """F1 at IoU 0.5 of the objects that are no examples."""

    stem: str
    kind: str
    examples: int
    words: float
    alone: float
    both: float
    seconds: float


def run() -> dict[str, Any]:
    """Print and return F1 by words, by examples alone, and by examples after the words."""
    rows = [row for case in _cases() for row in _rows(case)]
    groups: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        for kind in (row.kind, "all but em_vnc") if row.kind != "em_vnc" else (row.kind,):
            groups[kind, row.examples].append(row)
    _print(groups)
    return {"rows": [vars(row) for row in rows]}


def _cases() -> Iterator[Case]:
    for name in ("dsb2018", "plant3d"):
        for s in samples(name):
            yield Case(s.stem, s.kind, s.image, s.labels.astype(np.int32), "nucleus")
    for s in samples("wbc_blood"):
        word = "white blood cell nucleus: dark purple, compact"
        yield Case(s.stem, s.kind, s.image, _parts(s.labels == s.labels.max()), word)
    for s in samples("em_vnc"):
        yield Case(s.stem, s.kind, s.image, _parts(s.labels == MITOCHONDRION), "mitochondrion")


MITOCHONDRION = 3


def _parts(mask: NDArray[np.bool_]) -> Labels:
    labels, _ = ndi.label(mask)
    return np.asarray(labels, np.int32)


def _rows(case: Case) -> Iterator[Row]:
    plane = plane_from_array(case.image)
    proposed = tuple(i.mask for i in zs.segment(case.image, case.word).instances)
    areas = np.bincount(case.truth.ravel())
    ids = [int(i) for i in np.flatnonzero(areas >= SMALLEST) if i]
    for count in COUNTS:
        if len(ids) > count:
            chosen = np.random.default_rng(count).choice(ids, count, replace=False)
            yield _scored(case, plane, proposed, chosen)


def _scored(case: Case, plane: Any, proposed: tuple[Mask, ...], chosen: NDArray[np.intp]) -> Row:
    accepted = tuple(Mask.from_plane(case.truth == i) for i in chosen)
    others = np.where(np.isin(case.truth, chosen), 0, case.truth)
    start = time.perf_counter()
    alone = EmbeddedSeeker().seek(plane, Exemplars(accepted))
    seconds = time.perf_counter() - start
    both = EmbeddedSeeker().seek(plane, Exemplars(accepted, proposed=proposed))

    def f1(masks: list[Mask]) -> float:
        return match_instances(others, _drawn(masks, accepted, case.truth.shape)).f1

    return Row(
        case.stem,
        case.kind,
        len(chosen),
        f1(list(proposed)),
        f1([a.mask for a in alone]),
        f1([a.mask for a in both]),
        seconds,
    )


def _drawn(masks: list[Mask], accepted: tuple[Mask, ...], shape: tuple[int, ...]) -> Labels:
    """Return labels of masks outside the accepted ones, the first on top, as claims give them."""
    taken = np.zeros(shape, bool)
    for mask in accepted:
        taken[mask.slices] |= mask.pixels
    labels = np.zeros(shape, np.int32)
    for number, mask in enumerate(masks, 1):
        free = mask.pixels & ~taken[mask.slices]
        if np.count_nonzero(free) >= mask.area / 2:
            labels[mask.slices][free] = number
            taken[mask.slices] |= free
    return labels


def _print(groups: dict[tuple[str, int], list[Row]]) -> None:
    print("F1@0.5 of the objects that are no examples")
    print(f"{'kind':32s} {'examples':>8s} {'words':>6s} {'alone':>6s} {'both':>6s} {'s':>6s}")
    for (kind, count), rows in sorted(groups.items()):
        means = [np.mean([getattr(r, n) for r in rows]) for n in ("words", "alone", "both", "seconds")]
        print(f"{kind:32s} {count:8d} " + " ".join(f"{m:6.3f}" for m in means))
