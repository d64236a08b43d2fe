"""Nuclei of many kinds of images from the word "nucleus" alone, beside a global threshold."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage as ndi
from skimage.color import rgb2gray
from skimage.filters import threshold_otsu
from skimage.measure import label

import napari_zeroseg as zs
from benchmarks._data import Sample, samples
from benchmarks._parameters import parameters, print_parameters
from napari_zeroseg.core.scores.confusion import foreground_iou
from napari_zeroseg.core.scores.matching import Matched, match_instances

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORD = "nucleus"
PURPLE = ("brightfield_purple_tissue", "brightfield_purple_on_white")


@dataclass(frozen=True)
class Row:
    """The scores of one image."""

    stem: str
    kind: str
    iou: float
    matched: Matched
    baseline_iou: float
    baseline_matched: Matched
    seconds: float


def run(name: str = "dsb2018") -> dict[str, Any]:
    """Print and return foreground IoU and instance F1 per image, per kind, and over all."""
    rows = [_scored(sample) for sample in samples(name)]
    kinds: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        kinds[row.kind].append(row)
    purple = [row for row in rows if row.kind in PURPLE]
    if purple:
        kinds["purple stains together"] = purple
    kinds["all"] = rows
    summary = {kind: _summary(members) for kind, members in kinds.items()}
    used = parameters()
    _print(rows, summary)
    print_parameters(used)
    return {"word": WORD, "images": [_plain(r) for r in rows], "kinds": summary, "parameters": used}


def _scored(sample: Sample) -> Row:
    start = time.perf_counter()
    found = zs.segment(sample.image, WORD).labels(WORD)
    seconds = time.perf_counter() - start
    plain = otsu(sample.image)
    return Row(
        sample.stem,
        sample.kind,
        foreground_iou(sample.labels, found),
        match_instances(sample.labels, found),
        foreground_iou(sample.labels, plain),
        match_instances(sample.labels, plain),
        seconds,
    )


def otsu(image: NDArray[Any]) -> NDArray[np.int32]:
    """Return the baseline: Gaussian with sigma 1, Otsu's threshold, the parts of the minority side."""
    grey = rgb2gray(image) if image.ndim == 3 else image.astype(np.float64)
    smooth = ndi.gaussian_filter(grey, 1.0)
    bright = smooth > threshold_otsu(smooth)
    minority = bright if bright.mean() <= 0.5 else ~bright
    return np.asarray(label(minority, connectivity=1), np.int32)


def _summary(rows: list[Row]) -> dict[str, float]:
    none = Matched(0, 0, 0)
    return {
        "images": len(rows),
        "foreground_iou": float(np.mean([r.iou for r in rows])),
        "baseline_iou": float(np.mean([r.baseline_iou for r in rows])),
        "f1_mean": float(np.mean([r.matched.f1 for r in rows])),
        "f1_pooled": sum((r.matched for r in rows), none).f1,
        "baseline_f1_mean": float(np.mean([r.baseline_matched.f1 for r in rows])),
        "seconds": float(np.mean([r.seconds for r in rows])),
    }


def _plain(row: Row) -> dict[str, Any]:
    return {
        "stem": row.stem,
        "kind": row.kind,
        "foreground_iou": row.iou,
        "f1": row.matched.f1,
        "found": row.matched.hits + row.matched.false,
        "true": row.matched.hits + row.matched.missed,
        "baseline_iou": row.baseline_iou,
        "baseline_f1": row.baseline_matched.f1,
        "seconds": row.seconds,
    }


def _print(rows: list[Row], summary: dict[str, dict[str, float]]) -> None:
    heads = " ".join(f"{head:>6s}" for head in ("IoU", "Otsu", "F1@.5", "Otsu", "found"))
    print(f"{'image':40s} {heads} {'true':>5s} {'s':>5s}")
    for row in rows:
        m = row.matched
        print(
            f"{row.stem[:40]:40s} {row.iou:6.3f} {row.baseline_iou:6.3f} {m.f1:6.3f} "
            f"{row.baseline_matched.f1:6.3f} {m.hits + m.false:6d} {m.hits + m.missed:5d} {row.seconds:5.1f}"
        )
    print(f"\n{'kind':40s} {'IoU':>6s} {'Otsu':>6s} {'F1@.5':>6s} {'pooled':>6s} {'Otsu':>6s}")
    for kind, s in summary.items():
        print(
            f"{kind:40s} {s['foreground_iou']:6.3f} {s['baseline_iou']:6.3f} {s['f1_mean']:6.3f} "
            f"{s['f1_pooled']:6.3f} {s['baseline_f1_mean']:6.3f}"
        )
