"""The page, the picture, and what others have published."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from PIL import Image

from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.evaluation import published as published_module
from napari_zeroseg.evaluation.classes import class_list
from napari_zeroseg.evaluation.datasets import LAYOUTS
from napari_zeroseg.evaluation.document import TITLES, ClassScores, Evaluation, Failure, Score
from napari_zeroseg.evaluation.plot import shade, write_confusion
from napari_zeroseg.evaluation.published import Published, published
from napari_zeroseg.evaluation.report import markdown


def made(**more) -> Evaluation:
    plain = {
        "title": "A set | of <b>",
        "classes_of": "voc-21",
        "available": 10,
        "images": 4,
        "seconds": 1.5,
        "recipe": Recipe(),
        "scores": {"miou": Score(value=0.25, low=0.2, high=0.3), "aacc": Score(value=0.5)},
        "classes": (ClassScores(name="a|b", thing=False, pixels=30, iou=0.5),),
        "confusion": ((30,),),
        "published": published("voc-21"),
        "resamples": 1000,
        "seed": 0,
    }
    return Evaluation(**plain | more)


def test_published_results_stand_beside_ours_and_are_marked_as_such():
    page = markdown(made(), "confusion.png")
    assert "What others have published is copied from the source, not measured here." in page
    own = next(line for line in page.splitlines() if "**this run**" in line)
    assert "| 25.0 |" in own
    assert "only 4 of 10 images" in own
    other = next(line for line in page.splitlines() if line.startswith("| LMSeg (published) |"))
    assert "| 84 |" in other
    assert "arXiv:2412.00364" in other


def test_intervals_failures_and_odd_names_are_shown_in_whole_tables():
    page = markdown(made(failures=(Failure(image="x", problem="a | b\nc"),)), "confusion.png")
    assert "| mIoU | 25.0 | 20.0 to 30.0 |" in page
    assert "| aAcc | 50.0 | – |" in page
    assert "| x | a \\| b c |" in page
    assert "| a\\|b | 100.0 | 50.0 |" in page
    assert "&lt;b>" in page
    for block in page.split("\n\n"):
        rows = [line.replace("\\|", "") for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


def test_every_published_result_has_a_source_and_scores_that_are_known():
    text = (published_module.files("napari_zeroseg.evaluation") / "published.yaml").read_text(
        encoding="utf-8"
    )
    known = [Published.model_validate(entry) for entry in yaml.safe_load(text)]
    lists = {key for layout in LAYOUTS.values() for key in layout.lists}
    assert {result.classes for result in known} <= lists
    for result in known:
        assert "arXiv:" in result.source
        assert result.percent.keys() <= TITLES.keys()
        assert all(0 < value < 100 for value in result.percent.values())
    assert [r.percent["miou"] for r in published("ade20k-150")] == [38.5, 34.1, 16.45]
    assert published("folder") == ()


@pytest.mark.parametrize("count", [2, 21, 171])
def test_the_picture_shows_each_pair_of_classes_in_its_place(count, tmp_path):
    counts = np.zeros((count, count + 1), np.int64)
    counts[0, count] = 10
    counts[1, 1] = 5
    names = list(class_list("coco-stuff-171").names[:count])
    write_confusion(tmp_path / "a.png", counts, "A title", names)
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    dark = (pixels == shade(1.0)).all(axis=-1)
    cell = int(np.clip(1000 // (count + 1), 11, 64))
    rows, columns = np.nonzero(dark[: -60 if count < 171 else None])
    assert len(np.unique(rows)) >= 2 * (cell - 2)
    assert columns.max() - columns.min() >= (count - 1) * cell


def test_the_colours_grow_darker():
    tones = [sum(shade(share)) for share in np.linspace(0, 1, 20)]
    assert tones == sorted(tones, reverse=True)
    assert shade(0.0) == (247, 251, 255)
