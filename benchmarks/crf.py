"""The dense CRF: time and memory by size, and how much nearer rough outlines come to the truth."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skimage.data import immunohistochemistry
from skimage.transform import resize

import napari_zeroseg as zs
from benchmarks._data import Sample, samples
from napari_zeroseg.core.crf import CrfParameters, marginals
from napari_zeroseg.core.scores.boundary import boundary_f, edges

Labels = NDArray[np.integer[Any]]
Floats = NDArray[np.float32]

SIDES = (512, 1024, 2048)
LABELS = 5
SETS = ("dsb2018", "wbc_blood")
TOLERANCE = 1.5
"""Pixels between outlines that count as the same."""
JITTER = 3.0
"""Standard deviation in pixels of how far outlines are moved."""
COARSE = 8
"""Pixels of the image per pixel of a mask of low resolution."""


def run() -> dict[str, Any]:
    """Print and return seconds, memory, and boundary F-scores before and after."""
    marginals(*_problem(SIDES[0]), CrfParameters())  # what is slow once does not count as a pixel's cost
    sizes = [_timed(side) for side in SIDES]
    costs = [one["processor_s"] / one["side"] ** 2 for one in sizes]
    print(
        f"processor time per pixel: the dearest {max(costs) / min(costs):.2f} times the cheapest", flush=True
    )
    return {"sizes": sizes, "edges": [_improved(n) for n in SETS]}


def _problem(side: int) -> tuple[Floats, Floats]:
    """Return a unary and a plane; the same picture at every size: twice the side shows it four times."""
    tile = resize(immunohistochemistry() / 255, (512, 512)).astype(np.float32)
    plane = np.tile(tile, (side // 512, side // 512, 1))
    return np.random.default_rng(0).random((LABELS, side, side), np.float32) * 3, plane


def _timed(side: int) -> dict[str, float]:
    unary, plane = _problem(side)
    wall, work = time.perf_counter(), time.process_time()
    marginals(unary, plane, CrfParameters())
    wall, work = time.perf_counter() - wall, time.process_time() - work
    tracemalloc.start()
    marginals(unary, plane, CrfParameters(iterations=1))
    peak = tracemalloc.get_traced_memory()[1] / 1e9
    tracemalloc.stop()
    per_megapixel = work / (side / 1024) ** 2
    print(
        f"{side:5d}² {LABELS} labels, {CrfParameters().iterations} rounds: {wall:6.1f} s, processor "
        f"{work:6.1f} s, {per_megapixel:5.2f} s per 1024², peak {peak:.2f} GB",
        flush=True,
    )
    return {"side": side, "wall_s": wall, "processor_s": work, "peak_gb": peak}


def jittered(labels: Labels, rng: np.random.Generator) -> Labels:
    """Move outlines to and fro by a smooth random field."""
    fields = (ndi.gaussian_filter(rng.standard_normal(labels.shape), 4.0) for _ in range(2))
    shifts = [JITTER * field / field.std() for field in fields]
    places = [
        np.clip(np.rint(place + shift).astype(int), 0, length - 1)
        for place, shift, length in zip(np.indices(labels.shape), shifts, labels.shape, strict=True)
    ]
    return labels[tuple(places)]


def coarse(labels: Labels, rng: np.random.Generator) -> Labels:
    """Return labels as they come from a mask of low resolution, on a grid that begins anywhere."""
    axes = []
    for length, start in zip(labels.shape, rng.integers(0, COARSE, 2), strict=True):
        cell = (np.arange(length) + start) // COARSE
        axes.append(np.clip(cell * COARSE + COARSE // 2 - start, 0, length - 1))
    return labels[np.ix_(*axes)]


def outlines_f(truth: Labels, found: Labels) -> float:
    """Return the F-score of the outlines of all objects."""
    return boundary_f(edges(truth) & (truth > 0), edges(found) & (found > 0), TOLERANCE)


def _improved(name: str) -> dict[str, Any]:
    scores: dict[str, list[tuple[float, float]]] = {}
    for number, sample in enumerate(samples(name)):
        for kind, roughen in (("jitter", jittered), ("low resolution", coarse)):
            scores.setdefault(kind, []).append(_scores(sample, roughen, number))
    means = {kind: np.mean(pairs, axis=0).tolist() for kind, pairs in scores.items()}
    for kind, (before, after) in means.items():
        pairs = scores[kind]
        better = sum(b > a for a, b in pairs)
        print(
            f"{name:10s} {kind:15s} boundary F {before:.3f} -> {after:.3f}, "
            f"better on {better} of {len(pairs)}",
            flush=True,
        )
    return {"set": name, "before_after": means, "images": scores}


def _scores(
    sample: Sample, roughen: Callable[[Labels, np.random.Generator], Labels], seed: int
) -> tuple[float, float]:
    rough = roughen(sample.labels, np.random.default_rng(seed))
    refined = zs.refine_edges(sample.image, rough)
    return outlines_f(sample.labels, rough), outlines_f(sample.labels, refined)
