"""How early wrong masks come in the review queue, beside a queue by score and one in no order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import napari_zeroseg as zs
from benchmarks._data import Sample, samples
from napari_zeroseg.core.doubt import doubts_of, risk, usual_areas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.core.instance import Instance

WORD = "nucleus"
SETS = ("dsb2018", "plant3d")
RIGHT = 0.5
"""A mask is right when it overlaps (IoU) a true object by more."""
FIRST = 0.25
"""Part of the queue that a person looks through."""


@dataclass(frozen=True)
class Judged:
    """One proposal: how doubtful it is by either order, and whether it is wrong."""

    risk: float
    by_score: float
    wrong: bool


def run() -> dict[str, Any]:
    """Print and return the part of all wrong masks in the first quarter of the queue, and the AUC."""
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for name in SETS:
        for sample in samples(name):
            judged = list(_judged(sample))
            kinds[sample.kind] += judged
            kinds["all"] += judged
    summary = {kind: _summary(rows) for kind, rows in kinds.items()}
    _print(summary)
    return {"word": WORD, "first": FIRST, "kinds": summary}


def _judged(sample: Sample) -> Iterator[Judged]:
    result = zs.segment(sample.image, WORD)
    usual = usual_areas(result.instances)
    for instance in result.instances:
        doubts = doubts_of(instance, result.shape, usual[instance.name])
        yield Judged(risk(doubts), 1 - instance.score, _best_iou(sample, instance) <= RIGHT)


def _best_iou(sample: Sample, instance: Instance) -> float:
    inside = sample.labels[instance.mask.slices][instance.mask.pixels]
    ids, shared = np.unique(inside[inside > 0], return_counts=True)
    areas = np.array([np.count_nonzero(sample.labels == i) for i in ids])
    return float(np.max(shared / (instance.mask.area + areas - shared), initial=0.0))


def _summary(rows: list[Judged]) -> dict[str, float]:
    wrong = np.array([r.wrong for r in rows])
    by_risk, by_score = (np.array([getattr(r, name) for r in rows]) for name in ("risk", "by_score"))
    return {
        "masks": len(rows),
        "wrong": float(wrong.mean()),
        "auc": _auc(by_risk, wrong),
        "auc_by_score": _auc(by_score, wrong),
        "found": _found_early(by_risk, wrong),
        "found_by_score": _found_early(by_score, wrong),
    }


def _auc(doubt: np.ndarray[Any, Any], wrong: np.ndarray[Any, Any]) -> float:
    """Return how often a wrong mask is doubted more than a right one; NaN where there are not both."""
    first, second = doubt[wrong][:, None], doubt[~wrong][None]
    return float(np.mean((first > second) + 0.5 * (first == second))) if first.size * second.size else np.nan


def _found_early(doubt: np.ndarray[Any, Any], wrong: np.ndarray[Any, Any]) -> float:
    first = np.argsort(-doubt, kind="stable")[: round(FIRST * len(doubt))]
    return float(wrong[first].sum() / max(wrong.sum(), 1))


def _print(summary: dict[str, dict[str, float]]) -> None:
    print(f"wrong masks among the first {FIRST:.0%} of the queue, and AUC; beside an order by score alone")
    print(f"{'kind':32s} {'masks':>6s} {'wrong':>6s} {'found':>6s} {'score':>6s} {'AUC':>6s} {'score':>6s}")
    for kind, s in summary.items():
        print(
            f"{kind:32s} {s['masks']:6d} {s['wrong']:6.3f} {s['found']:6.3f} {s['found_by_score']:6.3f} "
            f"{s['auc']:6.3f} {s['auc_by_score']:6.3f}"
        )
