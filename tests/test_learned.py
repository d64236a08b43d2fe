"""Learning from files and arrays, and segmenting with what was learned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imsave

from napari_zeroseg import learn
from napari_zeroseg.backends.lmseg import training
from napari_zeroseg.backends.lmseg.head import read_head
from napari_zeroseg.cli import main
from napari_zeroseg.core.errors import BadImageError, ZeroSegError
from tests.fakes import squares

CLASSES = "bright; grey: dim"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "EPOCHS", 2)
    monkeypatch.setattr(training, "STEPS", 2)
    monkeypatch.setattr(training, "FIRST_STEPS", 25)
    monkeypatch.setattr(training, "PLACES", 2000)
    monkeypatch.setattr(training, "FIRST_PLACES", 500)


def _truth() -> np.ndarray:
    image = squares()
    return np.where(image > 200, 1, np.where(image > 100, 2, 0)).astype(np.uint8)


def run(*arguments: object) -> int:
    return main([str(a) for a in arguments])


def test_files_teach_and_the_next_files_are_segmented(tmp_path: Path, capsys) -> None:
    labels, out, head = tmp_path / "labels", tmp_path / "out", tmp_path / "head.safetensors"
    labels.mkdir()
    images = [tmp_path / f"{name}.png" for name in "ab"]
    for image, name in zip(images, ("a.png", "b_semantic.png"), strict=True):
        imsave(image, squares(), check_contrast=False)
        imsave(labels / name, _truth(), check_contrast=False)
    command = ("learn", *images, "--labels", labels, "--classes", CLASSES, "--out", head)
    assert run(*command, "--seed", 3) == 0
    assert "2 images: mean IoU" in capsys.readouterr().out
    card = read_head(head).card
    assert (card.classes, card.images, card.seed) == (("bright", "grey"), 2, 3)
    first = head.read_bytes()
    assert run(*command) == 2
    assert "is there already" in capsys.readouterr().err
    assert run(*command, "--seed", 3, "--overwrite", "--quiet") == 0
    assert head.read_bytes() == first
    assert run("segment", images[0], "--head", head, "--classes", CLASSES, "--out", out) == 0
    made = json.loads((out / "a.json").read_text())["recipe"]
    assert made["method"] == "lmseg"
    assert made["lmseg"]["head"] == {"name": "head", "sha256": read_head(head).sha256}
    assert run("segment", images[0], "--head", head, "--classes", "moon", "--out", out, "--overwrite") == 1
    assert "tells 'bright', 'grey' apart" in capsys.readouterr().err


def test_an_image_without_labels_is_named(tmp_path: Path, capsys) -> None:
    image = tmp_path / "a.png"
    imsave(image, squares(), check_contrast=False)
    out = tmp_path / "head.safetensors"
    assert run("learn", image, "--labels", tmp_path, "--classes", CLASSES, "--out", out) == 2
    assert "no label image of 'a.png'" in capsys.readouterr().err
    assert not out.exists()


def test_labels_must_fit_the_images_and_classes() -> None:
    with pytest.raises(BadImageError, match="do not lie on"):
        learn([squares()], [_truth()[:30]], CLASSES)
    with pytest.raises(BadImageError, match="hold 5, but there are 2 classes"):
        learn([squares()], [_truth() + np.uint8(5)], CLASSES)
    with pytest.raises(BadImageError, match="1 images and 0 label images"):
        learn([squares()], [], CLASSES)
    with pytest.raises(ZeroSegError, match="no corrected image"):
        learn([squares()], [np.full((64, 64), 255)], CLASSES)
