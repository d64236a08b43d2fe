"""Scores of whole data sets, as the archives unpack, against outside implementations."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from sklearn.metrics import accuracy_score, jaccard_score, recall_score
from torchmetrics.detection import PanopticQuality

from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.evaluation.datasets import open_dataset
from napari_zeroseg.evaluation.run import evaluate
from tests.evaluation import layouts

VOID = 255


def values_of(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


def found_classes(result, names: tuple[str, ...], unclaimed: int) -> np.ndarray:
    """Draw what was found: guesses do not overlap."""
    drawn = np.full(result.shape, unclaimed)
    for instance in result.instances:
        drawn[instance.mask.to_plane(result.shape)] = names.index(instance.name)
    return drawn


@pytest.fixture
def scored(guessed, tmp_path):
    """Return the evaluation of a data set, its results, and the true and found classes of all pixels."""

    def run(name: str):
        layouts.WRITERS[name](tmp_path / "data")
        dataset = open_dataset(name, tmp_path / "data")
        done = evaluate(dataset, Recipe(), tmp_path / "out", count=1, resamples=20)
        known = {value: place for place, c in enumerate(dataset.classes.classes) for value in c.values}
        truths, founds = [], []
        for sample in dataset.samples:
            values = values_of(sample.values)
            truths.append(np.vectorize(lambda v: known.get(v, VOID))(values))
            unclaimed = 0 if dataset.classes.background else VOID - 1
            founds.append(found_classes(guessed[sample.path.name], dataset.classes.names, unclaimed))
        return done.evaluation, dataset, truths, founds, guessed

    return run


@pytest.mark.parametrize("name", layouts.WRITERS)
def test_classes_of_pixels_are_scored_as_scikit_learn_does(scored, name):
    evaluation, dataset, truths, founds, _ = scored(name)
    truth, found = (np.concatenate([image.ravel() for image in images]) for images in (truths, founds))
    truth, found = truth[truth != VOID], found[truth != VOID]
    of = {"labels": range(len(dataset.classes)), "average": None, "zero_division": 0}
    ious, recalls = jaccard_score(truth, found, **of), recall_score(truth, found, **of)
    there = np.isin(np.arange(len(ious)), [*truth, *found])
    assert [c.iou is None for c in evaluation.classes] == (~there).tolist()
    measured = np.array([c.iou for c in evaluation.classes if c.iou is not None])
    np.testing.assert_allclose(measured, ious[there], atol=1e-6)
    assert evaluation.scores["miou"].value == pytest.approx(ious[there].mean(), abs=1e-6)
    in_truth = np.isin(np.arange(len(ious)), truth)
    assert evaluation.scores["macc"].value == pytest.approx(recalls[in_truth].mean(), abs=1e-6)
    assert evaluation.scores["aacc"].value == pytest.approx(accuracy_score(truth, found), abs=1e-6)
    assert 0.2 < evaluation.scores["miou"].value < 0.95
    assert evaluation.scores["miou"].low <= evaluation.scores["miou"].value <= evaluation.scores["miou"].high


def coco_code(mask: np.ndarray) -> dict:
    return rle.encode(np.asfortranarray(mask.astype(np.uint8)))


def true_objects(dataset, sample, truth: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Return place and mask of each object, read from the files anew."""
    numbers = values_of(sample.objects)
    if dataset.classes.key.startswith("cityscapes"):
        keep = numbers >= 1000
    else:
        keep = (numbers > 0) & (numbers != 255)
    kept = np.where(keep, numbers, 0)
    things = dataset.classes.things
    objects = []
    for number in np.unique(kept[kept > 0]).tolist():
        mask = (kept == number) & (truth != VOID)
        places = truth[mask]
        if places.size and things[np.bincount(places).argmax()]:
            objects.append((int(np.bincount(places).argmax()), mask))
    return objects


@pytest.mark.parametrize("name", ["voc", "cityscapes"])
def test_instances_are_scored_as_coco_does(scored, name):
    evaluation, dataset, truths, _, results = scored(name)
    things = [place for place, thing in enumerate(dataset.classes.things) if thing]
    annotations, detections = [], []
    for number, (sample, truth) in enumerate(zip(dataset.samples, truths, strict=True), 1):
        objects = true_objects(dataset, sample, truth)
        covered = np.any([mask for _, mask in objects], axis=0)
        regions = [(place, mask, 0) for place, mask in objects]
        regions += [(p, (truth == VOID) | ((truth == p) & ~covered), 1) for p in things]
        for place, mask, crowd in regions:
            if mask.any():
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": place,
                        "iscrowd": crowd,
                        "area": int(mask.sum()),
                        "segmentation": coco_code(mask),
                    }
                )
        for instance in results[sample.path.name].instances:
            place = dataset.classes.names.index(instance.name)
            if place in things:
                code = coco_code(instance.mask.to_plane(truth.shape))
                detections.append(
                    {
                        "image_id": number,
                        "category_id": place,
                        "segmentation": code,
                        "score": instance.score,
                    }
                )
    truth_set = COCO()
    images = [{"id": n, "height": 48, "width": 64} for n in range(1, len(truths) + 1)]
    categories = [{"id": place, "name": str(place)} for place in things]
    truth_set.dataset = {"images": images, "categories": categories, "annotations": annotations}
    with contextlib.redirect_stdout(io.StringIO()):
        truth_set.createIndex()
        asked = COCOeval(truth_set, truth_set.loadRes(detections), "segm")
        asked.evaluate()
        asked.accumulate()
        asked.summarize()
    expected = dict(zip(("ap", "ap50", "ap75"), asked.stats, strict=False))
    assert 0.1 < expected["ap50"] < 1
    for score, value in expected.items():
        assert evaluation.scores[score].value == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("name", ["voc", "cityscapes"])
def test_segments_are_scored_as_the_paper_says(scored, name):
    """Panoptic quality written anew from section 4 of Kirillov et al.: by pairs of masks."""
    evaluation, dataset, truths, _, results = scored(name)
    sums = {place: [0.0, 0, 0, 0] for place in range(len(dataset.classes))}
    things = dataset.classes.things
    ground = {0} if dataset.classes.background else set()
    for sample, truth in zip(dataset.samples, truths, strict=True):
        true = true_objects(dataset, sample, truth)
        covered = np.any([mask for _, mask in true], axis=0)
        stuff = set(np.unique(truth).tolist()) - {VOID} - ground - set(np.flatnonzero(things).tolist())
        true += [(place, truth == place) for place in stuff]
        found = {}
        for instance in results[sample.path.name].instances:
            place = dataset.classes.names.index(instance.name)
            key = (place, instance.id) if things[place] else (place, 0)
            found[key] = found.get(key, False) | instance.mask.to_plane(truth.shape)
        left = dict(found)
        for place, mask in true:
            known = {k: m & (truth != VOID) for k, m in found.items() if k[0] == place}
            ious = {k: (m & mask).sum() / (m | mask).sum() for k, m in known.items()}
            best = max(ious, key=lambda k: ious[k], default=None)
            if best is not None and ious[best] > 0.5:
                sums[place][0] += ious[best]
                sums[place][1] += 1
                left.pop(best)
            else:
                sums[place][3] += 1
        for (place, _), mask in left.items():
            alike = (truth == place) & ~covered if things[place] else np.zeros_like(mask)
            sums[place][2] += ((truth == VOID) | alike)[mask].mean() <= 0.5
    qualities = [o / (tp + fp / 2 + fn / 2) for o, tp, fp, fn in sums.values() if tp + fp + fn]
    assert evaluation.scores["pq"].value == pytest.approx(np.mean(qualities), abs=1e-6)
    counted = [sums[place] for place in np.flatnonzero(things)]
    _, tp, fp, fn = np.sum(counted, axis=0)
    assert evaluation.scores["f1"].value == pytest.approx(2 * tp / (2 * tp + fp + fn), abs=1e-6)
    assert 0.1 < evaluation.scores["pq"].value < 1


def test_segments_are_scored_as_torchmetrics_does(scored):
    evaluation, dataset, truths, _, results = scored("voc")
    things = set(np.flatnonzero(dataset.classes.things).tolist())
    asked = PanopticQuality(things, {0}, allow_unknown_preds_category=True, return_per_class=True)
    for sample, truth in zip(dataset.samples, truths, strict=True):
        true, found = np.zeros((2, *truth.shape, 2), np.int64)
        true[truth == VOID] = 999  # a class that is not known: void
        for number, (place, mask) in enumerate(true_objects(dataset, sample, truth), 1):
            true[mask] = place, number
        for number, instance in enumerate(results[sample.path.name].instances, 1):
            place = dataset.classes.names.index(instance.name)
            found[instance.mask.to_plane(truth.shape)] = place, number
        asked.update(torch.from_numpy(found[None]), torch.from_numpy(true[None]))
    expected = asked.compute().numpy().ravel()  # things in their order, then background
    order = sorted(things)
    for place, value in zip(order, expected, strict=False):
        measured = evaluation.classes[place].pq
        assert measured is None or measured == pytest.approx(value, abs=1e-6)
    known = [place for place in order if evaluation.classes[place].pq is not None]
    assert evaluation.scores["pq"].value == pytest.approx(
        np.mean([expected[order.index(place)] for place in known]), abs=1e-6
    )
    assert len(known) >= 3
