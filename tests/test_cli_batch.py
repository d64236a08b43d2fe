"""The command ``batch``: what it says, and its exit codes."""

from __future__ import annotations

import sys

import pytest

from napari_zeroseg import cli, cli_batch
from napari_zeroseg.batch import run as batch_run
from napari_zeroseg.batch.ledger import FAILED, Outcome
from napari_zeroseg.batch.pace import Pace, duration
from napari_zeroseg.batch.run import Summary
from napari_zeroseg.cli_progress import Progress

RECIPE = '{"classes": [{"name": "bright"}]}'


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the command asks for, in place of doing it."""
    calls = []

    def run_batch(images, recipe, out, **options):
        calls.append((images, recipe, out, options))
        bad = Outcome(tmp_path / "\x1b[31mbad.tif", "bad", FAILED, "No image.")
        options["progress"](Pace(1, 1, 4, 2.0, bad))
        return Summary(3, 1, 1, 2, 0, tmp_path / "report.html", ())

    monkeypatch.setattr(batch_run, "run_batch", run_batch)
    return calls


def run(*arguments) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_options_reach_the_batch_and_the_end_is_told(asked, tmp_path, capsys):
    code = run("batch", "a*.tif", "b.tif", "--recipe", RECIPE, "--out", tmp_path, "--workers", 2, "--force")
    assert code == 1  # an image failed
    (images, recipe, out, options), told = asked[0], capsys.readouterr()
    assert (images, recipe.wanted, out) == (["a*.tif", "b.tif"], ("bright",), tmp_path)
    assert (options["count"], options["force"], options["scheduler"]) == (2, True, None)
    assert "3 images done (2 of them before, 1 corrected by hand), 1 failed" in told.out
    assert "bad.tif: No image." in told.err
    assert "\x1b" not in told.err
    assert "1 of 4 images, 1 failed, 0.50 a second, 6 s left" in told.err


def test_quiet_says_problems_only(asked, tmp_path, capsys):
    run("batch", "a*.tif", "--recipe", RECIPE, "--out", tmp_path, "--quiet")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_wrong_number_of_workers_is_told(tmp_path, capsys, count):
    with pytest.raises(SystemExit):
        run("batch", "a", "--recipe", RECIPE, "--out", tmp_path, f"--workers={count}")
    assert "no number from 1 on" in capsys.readouterr().err


def test_no_image_is_wrong_use(tmp_path, capsys):
    assert run("batch", tmp_path / "*.tif", "--recipe", RECIPE, "--out", tmp_path / "out") == 2
    assert "There is no image" in capsys.readouterr().err


def test_at_a_terminal_one_line_changes(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show = Progress(quiet=False)
    show(Pace(0, 0, 2, 0.0))
    show(Pace(2, 0, 2, 1.0))
    show.end()
    assert capsys.readouterr().err.count("\n") == 1


def test_times_are_told_in_words():
    assert [duration(s) for s in (5, 65, 7300)] == ["5 s", "1 min 5 s", "2 h 1 min"]
    assert Pace(0, 0, 3, 0.0).in_words == "0 of 3 images, 0.00 a second"
    assert cli_batch.SOME_FAILED == 1
