"""Methods side by side from the shell."""

from __future__ import annotations

import csv

import imageio.v3 as iio
import numpy as np
import pytest

from napari_zeroseg.cli import main


@pytest.fixture
def files(tmp_path):
    rows, cols = np.mgrid[:96, :96]
    disc = (rows - 48) ** 2 + (cols - 48) ** 2 < 20**2
    iio.imwrite(tmp_path / "cell.png", np.where(disc, 220, 30).astype(np.uint8))
    iio.imwrite(tmp_path / "truth.tif", disc.astype(np.uint8))
    return tmp_path


def test_a_method_is_measured_and_the_table_written(files, capsys):
    asked = ["compare", str(files / "cell.png"), "--classes", "cell: bright, round"]
    asked += ["--name", "grounded, embedded"]
    code = main([*asked, "--truth", str(files / "truth.tif"), "--out", str(files / "methods.csv")])
    assert code == 0
    assert "grounded, embedded: 1 objects" in capsys.readouterr().out
    with (files / "methods.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert float(row["mean_iou"]) > 0.9


@pytest.mark.parametrize(("name", "said"), [("no such", "Choose among"), ("grounded, paper", "cannot run")])
def test_what_cannot_run_is_said(files, capsys, name, said):
    assert main(["compare", str(files / "cell.png"), "--classes", "cell", "--name", name]) == 2
    assert said in capsys.readouterr().err


def test_a_truth_must_lie_on_the_image(files, capsys):
    iio.imwrite(files / "small.tif", np.ones((5, 5), np.uint8))
    asked = ["compare", str(files / "cell.png"), "--classes", "cell", "--truth", str(files / "small.tif")]
    assert main(asked) == 2
    assert "does not lie" in capsys.readouterr().err
