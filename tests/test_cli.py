"""The command line, with deterministic backends."""

import json
import logging

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_zeroseg import api, cli
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, squares


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    monkeypatch.setattr(api, "Session", lambda recipe: Session(recipe=recipe, backends=fake_backends))


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "squares.png"
    Image.fromarray(squares()).save(path)
    return path


def run(*arguments) -> int:
    return cli.main([str(argument) for argument in arguments])


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_writes_the_promised_files(tmp_path, image, capsys):
    out = tmp_path / "out"
    assert run("segment", image, "--classes", "grey; bright", "--out", out) == 0
    assert names(out) == [
        "squares.json", "squares_bright.tif", "squares_grey.tif",
        "squares_overlay.png", "squares_semantic.tif",
    ]  # fmt: skip
    expected = np.select([squares() > 200, squares() > 0], [2, 1])
    assert np.array_equal(tifffile.imread(out / "squares_semantic.tif"), expected)
    assert set(np.unique(tifffile.imread(out / "squares_bright.tif"))) == {0, 1, 2}
    told = capsys.readouterr()
    assert "1 grey, 2 bright" in told.out
    assert told.err == ""


def test_coco_is_written_when_asked_for(tmp_path, image):
    assert run("segment", image, "--classes", "bright", "--out", tmp_path / "out", "--format", "coco") == 0
    document = json.loads((tmp_path / "out" / "squares_coco.json").read_text())
    assert len(document["annotations"]) == 2


@pytest.mark.parametrize("method", Method)
def test_the_method_can_be_chosen(tmp_path, image, capsys, method):
    out = tmp_path / "out"
    assert run("segment", image, "--classes", "grey; bright", "--method", method, "--out", out) == 0
    assert "1 grey, 2 bright" in capsys.readouterr().out
    made = json.loads((out / "squares.json").read_text())["recipe"]
    assert made["method"] == method


def test_a_recipe_brings_its_classes(tmp_path, image):
    recipe = Recipe().with_vocabulary(Vocabulary.parse("bright"))
    recipe.write(tmp_path / "recipe.json")
    assert run("segment", image, "--recipe", tmp_path / "recipe.json", "--out", tmp_path / "out") == 0
    assert (tmp_path / "out" / "squares_bright.tif").exists()


def test_the_record_of_the_same_run_is_the_same(tmp_path, image):
    for folder in ("a", "b"):
        assert run("segment", image, "--classes", "bright", "--out", tmp_path / folder, "--quiet") == 0
    assert (tmp_path / "a" / "squares.json").read_bytes() == (tmp_path / "b" / "squares.json").read_bytes()


def test_images_of_one_name_get_files_of_their_own(tmp_path, image):
    (tmp_path / "more").mkdir()
    other = tmp_path / "more" / "Squares.tif"
    tifffile.imwrite(other, squares()[::-1])
    assert run("segment", image, other, "--classes", "bright", "--out", tmp_path / "out") == 0
    assert {"squares.json", "Squares-2.json"} <= set(names(tmp_path / "out"))


def test_names_that_meet_only_with_the_class_are_kept_apart(tmp_path, image):
    other = tmp_path / "squares_bright.png"
    Image.fromarray(squares()).save(other)
    classes = Vocabulary.parse("bright; bright_bright")
    recipe = Recipe().with_vocabulary(classes)
    recipe.write(tmp_path / "recipe.json")
    assert run("segment", image, other, "--recipe", tmp_path / "recipe.json", "--out", tmp_path / "out") == 0
    assert len(names(tmp_path / "out")) == 2 * 5


def test_an_input_is_never_overwritten(tmp_path):
    first, second = tmp_path / "a.tif", tmp_path / "a_bright.tif"
    for path in (first, second):
        tifffile.imwrite(path, squares())
    before = second.read_bytes()
    assert run("segment", first, second, "--classes", "bright", "--out", tmp_path, "--overwrite") == 0
    assert second.read_bytes() == before
    assert (tmp_path / "a-2_bright.tif").exists()


def test_results_that_are_there_stay_unless_told_otherwise(tmp_path, image, capsys):
    arguments = ("segment", image, "--classes", "bright", "--out", tmp_path / "out")
    assert run(*arguments) == 0
    (tmp_path / "out" / "squares.json").write_text("mine")
    assert run(*arguments) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / "out" / "squares.json").read_text() == "mine"
    assert run(*arguments, "--overwrite") == 0
    assert (tmp_path / "out" / "squares.json").read_text() != "mine"


def test_one_bad_image_does_not_stop_the_others(tmp_path, image, capsys):
    bad = tmp_path / "bad.png"
    bad.write_text("no image")
    assert run("segment", bad, image, "--classes", "bright", "--out", tmp_path / "out") == 1
    assert (tmp_path / "out" / "squares.json").exists()
    told = capsys.readouterr().err
    assert "bad.png" in told
    assert "1 of 2 images failed" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--classes", ""], "no class"),
        (["--classes", "background"], "background"),
        (["--classes", "a; a"], "twice"),
        (["--classes", "; ".join(f"c{i}" for i in range(300))], "300 classes"),
        (["--classes", "a", "--profile", "nonsense"], "no profile 'nonsense'"),
        (["--recipe", "nowhere.json"], "nowhere.json"),
        ([], "no class"),
    ],
)
def test_wrong_use_is_told_in_one_line_and_nothing_is_written(tmp_path, image, capsys, arguments, message):
    assert run("segment", image, "--out", tmp_path / "out", *arguments) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((20, 20), 7, np.uint8), "Every pixel"),
        (np.ones((1, 1), np.uint8), "1 × 1"),
        (np.full((20, 20), np.nan, np.float32), "NaN"),
        (np.zeros((3, 20, 20), np.uint16), "nothing tells what they mean"),
    ],
)
def test_an_image_that_cannot_be_used_is_told(tmp_path, capsys, pixels, message):
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack")
    assert run("segment", tmp_path / "a.tif", "--classes", "bright", "--out", tmp_path / "out") == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path, image, capsys):
    (tmp_path / "out").touch()
    assert run("segment", image, "--classes", "bright", "--out", tmp_path / "out") == 1
    assert "could not be made" in capsys.readouterr().err


def test_a_broken_model_is_told_without_a_traceback(tmp_path, image, capsys, monkeypatch):
    def broken(recipe):
        raise ValueError("weights are upside down")

    monkeypatch.setattr(api, "Session", lambda recipe: Session(recipe=recipe, backends=broken))
    # as in a process of its own: pytest's handlers would take the log
    monkeypatch.setattr(logging.getLogger("napari_zeroseg"), "propagate", False)
    assert run("segment", image, "--classes", "bright", "--out", tmp_path / "out") == 1
    told = capsys.readouterr().err
    assert "weights are upside down" in told
    assert "Traceback" not in told


def test_stopping_is_told(tmp_path, image, capsys, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "segment", stop)
    assert run("segment", image, "--classes", "bright", "--out", tmp_path / "out") == 130
    assert "Stopped" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("segment",), ("nonsense",), ("segment", "a.png")])
def test_what_is_missing_is_asked_for(arguments):
    with pytest.raises(SystemExit) as stop:
        run(*arguments)
    assert stop.value.code == 2


def test_the_help_teaches_by_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        run("segment", "--help")
    assert stop.value.code == 0
    told = capsys.readouterr().out
    assert '--classes "nucleus: dark purple, round; cytoplasm: pale pink"' in told
    assert "exit codes: 0" in told


@pytest.fixture
def stack(tmp_path):
    """Three depths of two channels, the first of which is empty; with no word about its axes."""
    planes = np.stack([squares(), squares().T, squares()[::-1]])
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.stack([planes * 0, planes], axis=1), photometric="minisblack")
    return path


def test_axes_are_asked_for_and_then_kept(tmp_path, stack, capsys):
    out = tmp_path / "out"
    assert run("segment", stack, "--classes", "bright", "--out", out) == 1
    told = capsys.readouterr().err
    assert "3 × 2 × 64 × 64" in told
    assert "ZCYX for 3 depths of 2 channels" in told
    assert (
        run("segment", stack, "--classes", "bright", "--out", out, "--axes", "zcyx", "--channels", "1") == 0
    )
    with tifffile.TiffFile(out / "stack_semantic.tif") as file:
        assert (file.series[0].axes, file.series[0].shape) == ("ZYX", (3, 64, 64))
        found = file.asarray()
    assert np.array_equal(found[1] > 0, squares().T > 200)


def test_one_plane_is_looked_at_when_told(tmp_path, stack):
    said = ("--axes", "ZCYX", "--channels", "1", "--plane", "Z=2", "--format", "coco")
    assert run("segment", stack, "--classes", "bright", "--out", tmp_path / "out", *said) == 0
    found = tifffile.imread(tmp_path / "out" / "stack_bright.tif")
    assert np.array_equal(found > 0, squares()[::-1] > 200)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (("--axes", "ZZYX"), "named twice"),
        (("--axes", "ZCYX", "--channels", "2"), "no channel 2"),
        (("--axes", "ZCYX", "--plane", "Z=3"), "Z=3 is outside"),
        (("--axes", "ZCYX", "--plane", "T=0"), "no planes along T"),
        (("--axes", "ZCYX", "--channels", "1", "--format", "coco"), "single planes, not stacks"),
    ],
)
def test_planes_and_channels_that_are_not_there_are_told(tmp_path, stack, capsys, said, message):
    assert run("segment", stack, "--classes", "bright", "--out", tmp_path / "out", *said) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("said", [("--plane", "Z"), ("--plane", "5"), ("--channels", "red")])
def test_what_is_no_plane_is_told(image, tmp_path, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("segment", image, "--classes", "bright", "--out", tmp_path, *said)
    assert stopped.value.code == 2
    assert "write" in capsys.readouterr().err


def test_a_recipe_gives_byte_identical_label_images(tmp_path, image):
    assert run("segment", image, "--classes", "bright; grey", "--out", tmp_path / "first") == 0
    record = tmp_path / "first" / "squares.json"
    recipe = Recipe.read(record)
    recipe.write(tmp_path / "recipe.json")
    for number, given in enumerate([record, tmp_path / "recipe.json", recipe.model_dump_json()]):
        out = tmp_path / f"again-{number}"
        assert run("run", given, image, "--out", out) == 0
        for file in (tmp_path / "first").iterdir():
            assert (out / file.name).read_bytes() == file.read_bytes()


def test_classes_that_a_recipe_leaves_out_are_not_looked_for(tmp_path, image):
    recipe = Recipe().with_vocabulary(Vocabulary.parse("bright; grey")).looking_for(["grey"])
    assert run("run", recipe.model_dump_json(), image, "--out", tmp_path / "out") == 0
    assert tifffile.imread(tmp_path / "out" / "squares_bright.tif").max() == 0
    assert tifffile.imread(tmp_path / "out" / "squares_grey.tif").max() == 1


@pytest.mark.parametrize("given", ["nowhere.json", "nowhere.zeroseg", "{}", '{"classes": 3}'])
def test_what_is_no_recipe_is_told(tmp_path, image, capsys, given):
    assert run("run", given, image, "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err.count("\n") == 1
