"""The command ``evaluate``: what it asks for, what it says, and its exit codes."""

from __future__ import annotations

import pytest

from napari_zeroseg import cli
from napari_zeroseg.evaluation import run as evaluation_run
from napari_zeroseg.evaluation.document import ClassScores, Evaluation, Failure, Score
from tests.evaluation import layouts

RECIPE = '{"classes": [{"name": "bright"}]}'


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the command asks for, in place of doing it."""
    calls = []

    def evaluate(dataset, recipe, out, **options):
        calls.append((dataset, recipe, out, options))
        evaluation = Evaluation(
            title="a",
            classes_of=dataset.classes.key,
            available=3,
            images=2,
            seconds=1.0,
            failures=(Failure(image="c", problem="No image."),),
            recipe=recipe,
            scores={"miou": Score(value=0.5)},
            classes=(ClassScores(name="a", thing=False, pixels=1),),
            confusion=((1,),),
            resamples=1,
            seed=0,
        )
        return evaluation_run.Done(evaluation, 1, out / "e.md", out / "e.json", out / "c.png")

    monkeypatch.setattr(evaluation_run, "evaluate", evaluate)
    return calls


def run(*arguments) -> int:
    return cli.main([str(argument) for argument in arguments])


def arguments(name, root, out) -> tuple:
    return "evaluate", "--dataset", name, "--root", root, "--recipe", RECIPE, "--out", out


def test_options_reach_the_evaluation_and_the_end_is_told(asked, tmp_path, capsys):
    layouts.coco_stuff(tmp_path)
    more = ("--classes", 27, "--limit", 2, "--workers", 1, "--clicks", 3, "--suggested-only")
    assert run(*arguments("coco-stuff", tmp_path, tmp_path / "out"), *more) == 1  # an image failed
    dataset, recipe, out, options = asked[0]
    assert (len(dataset.classes), recipe.wanted, out) == (27, ("bright",), tmp_path / "out")
    assert (options["limit"], options["count"], options["clicks"]) == (2, 1, 3)
    assert options["suggested_only"]
    told = capsys.readouterr().out
    assert "2 images scored (1 of them before), 1 not" in told
    assert "mIoU 50.0 %" in told


def test_a_folder_of_one_s_own_is_taken_and_quiet_says_nothing(asked, tmp_path, capsys):
    layouts.folder(tmp_path)
    run(*arguments("folder", tmp_path, tmp_path / "out"), "--quiet")
    assert asked[0][0].classes.names == ("background", "bright", "grey")
    assert capsys.readouterr().out == ""


def test_a_wrong_root_is_wrong_use(tmp_path, capsys):
    assert run(*arguments("voc", tmp_path, tmp_path / "out")) == 2
    assert "VOCdevkit/VOC2012" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(*arguments("imagenet", tmp_path, tmp_path / "out"))


def test_numbers_of_classes_are_not_for_folders(tmp_path, capsys):
    layouts.folder(tmp_path)
    assert run(*arguments("folder", tmp_path, tmp_path / "out"), "--classes", 3) == 2
    assert "classes.txt" in capsys.readouterr().err
