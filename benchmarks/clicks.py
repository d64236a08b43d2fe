"""Clicks that nuclei take to a good mask on the embedded segmenter, and the time of a click."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from skimage.io import imread

from benchmarks._parameters import SEGMENTER, parameters, print_parameters
from napari_zeroseg.backends.embedded.segmenter import EmbeddedSegmenter
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.evaluation.clicks import LIMIT, SMALLEST, Trial, iou_after, sampled, simulate

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane

DATA = Path(os.environ.get("ZEROSEG_DATA", Path(__file__).parents[2] / "shared" / "data"))
TARGET = 0.85
PER_IMAGE = 25
SEED = 0
SIDES = (512, 1024, 2048)
TIMED_CLICKS = 60


def run() -> dict[str, Any]:
    """Print and return clicks per kind of image, times per click, and the parameters."""
    sets = {"dsb2018": _clicks(DATA / "dsb2018")}
    times = {str(side): _times(side) for side in SIDES}
    result = {
        "target_iou": TARGET,
        "limit": LIMIT,
        "smallest_area": SMALLEST,
        "instances_per_image": f"at most {PER_IMAGE}, drawn with seed {SEED}",
        "clicks": sets["dsb2018"],
        "milliseconds_per_click": times,
        "parameters": parameters(SEGMENTER),
    }
    _print(result)
    return result


def _clicks(folder: Path) -> dict[str, dict[str, float]]:
    trials: dict[str, list[Trial]] = defaultdict(list)
    for item in json.loads((folder / "meta.json").read_text())["items"]:
        image = plane_from_array(imread(folder / "images" / f"{item['stem']}.png"))
        labels = imread(folder / "labels" / f"{item['stem']}.png")
        answer = _answering(image)
        kind = item["modality"]
        objects = sampled((mask for _, mask in masks_of(labels)), PER_IMAGE, SEED)
        trials[kind] += [simulate(answer, mask, target=TARGET, limit=LIMIT) for mask in objects]
    trials["all"] = [trial for of_kind in list(trials.values()) for trial in of_kind]
    return {kind: _summary(of_kind) for kind, of_kind in trials.items()}


def _answering(image: Plane) -> Any:
    model = EmbeddedSegmenter()
    embedding = model.embed(image)
    return lambda prompt: model.segment(embedding, [prompt])[0].mask()


def _summary(trials: list[Trial]) -> dict[str, float]:
    return {
        "instances": len(trials),
        "mean_clicks": round(float(np.mean([t.clicks for t in trials])), 2),
        "median_clicks": float(np.median([t.clicks for t in trials])),
        "one_click": round(float(np.mean([t.ious[0] >= TARGET for t in trials])), 3),
        "iou_1": _iou_after(trials, 1),
        "iou_3": _iou_after(trials, 3),
        "iou_5": _iou_after(trials, 5),
        "not_reached": round(float(np.mean([not t.reached for t in trials])), 3),
    }


def _iou_after(trials: list[Trial], clicks: int) -> float:
    return round(float(np.mean([iou_after(t.ious, clicks) for t in trials])), 3)


def _times(side: int) -> dict[str, float]:
    """Time first clicks and corrections on a made image of discs of many sizes."""
    rng = np.random.default_rng(SEED)
    centers = rng.uniform(0, side, (TIMED_CLICKS, 2))
    image = _discs(side, centers, rng)
    model = EmbeddedSegmenter()
    start = time.perf_counter()
    embedding = model.embed(image)
    embedded = time.perf_counter() - start
    taken = []
    for y, x in centers:
        prompt = Prompt((Point(float(int(x)), float(int(y))),))
        for sign in (True, False):
            start = time.perf_counter()
            mask = model.segment(embedding, [prompt])[0].mask()
            taken.append(time.perf_counter() - start)
            offset = rng.uniform(-20, 20, 2)
            place = np.clip((x + offset[0], y + offset[1]), 0, side - 1).astype(int)
            prompt = Prompt((*prompt.points, Point(float(place[0]), float(place[1]), sign)), mask=mask)
    median, slow = np.percentile(taken, (50, 95)) * 1000
    return {
        "median": round(float(median), 1),
        "p95": round(float(slow), 1),
        "embedding": round(embedded * 1000, 1),
    }


def _discs(side: int, centers: np.ndarray[Any, Any], rng: np.random.Generator) -> Plane:
    rows, cols = np.ogrid[:side, :side]
    values = np.full((side, side), 0.1, np.float32)
    for y, x in centers:
        values[np.hypot(rows - y, cols - x) < rng.uniform(6, 40)] = rng.uniform(0.3, 1)
    return plane_from_array(values + rng.normal(0, 0.02, values.shape).astype(np.float32))


def _print(result: dict[str, Any]) -> None:
    print(f"Clicks to IoU {TARGET}, at most {LIMIT}; {result['instances_per_image']} per image")
    columns = list(result["clicks"]["all"])
    print(f"{'kind':28s}" + "".join(f"{name:>14s}" for name in columns))
    for kind, row in result["clicks"].items():
        print(f"{kind:28s}" + "".join(f"{row[name]:14}" for name in columns))
    for side, row in result["milliseconds_per_click"].items():
        print(
            f"{side}²: {row['median']} ms per click, 95% within {row['p95']} ms; "
            f"embedding {row['embedding']} ms"
        )
    print_parameters(result["parameters"])
