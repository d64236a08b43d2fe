"""The command ``convert``."""

import json

import numpy as np
import pytest
import tifffile

from napari_zeroseg import cli
from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.export.conversion import read_annotations
from napari_zeroseg.export.formats import FORMATS, WRITERS
from napari_zeroseg.session.history import Timeline
from napari_zeroseg.session.saved.document import ImageSpec
from napari_zeroseg.session.saved.store import SessionFile
from napari_zeroseg.session.state import State

SHAPE = (20, 30)


def run(*arguments) -> int:
    return cli.main(["convert", *map(str, arguments)])


def square(y, x, side=4):
    return Mask((y, x), np.ones((side, side), bool))


@pytest.fixture
def drawn() -> Annotations:
    vocabulary = Vocabulary.parse("nucleus; cell")
    instances = (
        Instance(3, "nucleus", square(2, 2), 0.5, InstanceState.EDITED),
        Instance(1, "cell", square(0, 0, 8), 1.0, InstanceState.ACCEPTED),
    )
    return Annotations("cells.tif", SHAPE, vocabulary, instances)


@pytest.fixture
def source(tmp_path, drawn):
    WRITERS["csv"](tmp_path / "cells.csv", drawn)
    return tmp_path / "cells.csv"


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "cells.tif"
    metadata = {"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25}
    tifffile.imwrite(path, np.zeros(SHAPE, np.uint8), ome=True, metadata=metadata)
    return path


def test_what_the_format_cannot_keep_is_told_before_anything_is_written(source, tmp_path, capsys):
    assert run(source, tmp_path / "new.ome.tif", "--to", "labels") == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "Label TIFF (OME-TIFF): Scores are not kept.",
        "Label TIFF (OME-TIFF): What is proposed comes back as accepted.",
    ]
    assert "2 objects ->" in said.out
    nucleus, cell = tifffile.imread(tmp_path / "new.ome.tif")
    assert (nucleus[3, 3], cell[3, 3], nucleus[0, 0]) == (3, 1, 0)


def test_one_class_alone_is_a_plain_label_image(source, tmp_path):
    assert run(source, tmp_path / "masks.tif", "--to", "labels", "--class", "nucleus") == 0
    labels = tifffile.imread(tmp_path / "masks.tif")
    assert labels.shape == SHAPE
    assert np.unique(labels).tolist() == [0, 3]


def test_a_class_that_is_not_there_is_told(source, tmp_path, capsys):
    assert run(source, tmp_path / "masks.tif", "--to", "labels", "--class", "glia") == 2
    assert "no class 'glia'" in capsys.readouterr().err


def test_the_image_gives_the_size_of_its_pixels(source, image, tmp_path):
    assert run(source, tmp_path / "new.ome.tif", "--to", "labels", "--image", image) == 0
    (back,) = read_annotations(tmp_path / "new.ome.tif")
    assert dict(back.grid.scale) == {"Y": 0.25, "X": 0.5}


def test_an_image_of_another_size_is_refused(source, tmp_path, capsys):
    tifffile.imwrite(tmp_path / "cells.tif", np.zeros((5, 5), np.uint8))
    assert run(source, tmp_path / "new.json", "--to", "coco", "--image", tmp_path / "cells.tif") == 2
    assert "30 × 20 pixels, 'cells.tif' has 5 × 5" in capsys.readouterr().err
    assert not (tmp_path / "new.json").exists()


def test_files_that_are_there_stay_unless_told(source, tmp_path, capsys):
    target = tmp_path / "new.json"
    target.write_text("mine")
    assert run(source, target, "--to", "coco") == 2
    assert target.read_text() == "mine"
    assert "there already" in capsys.readouterr().err
    assert run(source, target, "--to", "coco", "--overwrite", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_several_images_become_files_of_a_folder(tmp_path, drawn):
    WRITERS["coco"](tmp_path / "a.json", drawn)
    document = json.loads((tmp_path / "a.json").read_text())
    document["images"].append({"id": 2, "file_name": "C:\\data\\more.png", "height": 5, "width": 5})
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert run(tmp_path / "a.json", tmp_path / "out", "--to", "csv") == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"cells.csv", "more.csv"}


def test_saved_work_is_converted(tmp_path, drawn, capsys):
    file = SessionFile(tmp_path / "cells.tif.zeroseg")
    state = State(vocabulary=drawn.vocabulary, instances=drawn.instances, layered=drawn.vocabulary.names)
    file.write(ImageSpec(name="cells.tif", shape=SHAPE, fingerprint="0" * 32), Timeline((), state, ()))
    file.close()
    assert run(tmp_path / "cells.tif.zeroseg", tmp_path / "a.csv", "--to", "csv") == 0
    (back,) = read_annotations(tmp_path / "a.csv")
    assert {(i.name, i.id, i.score, i.state) for i in back.instances} == {
        (i.name, i.id, i.score, i.state) for i in drawn.instances
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone.csv", "is not there"), ("a.docx", "in no format"), ("gone.zeroseg", "is not there")],
)
def test_what_cannot_be_read_is_told(tmp_path, name, message, capsys):
    (tmp_path / "a.docx").touch()
    assert run(tmp_path / name, tmp_path / "out.csv", "--to", "csv") == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("said", [("--to", "docx"), ("--to", "record"), ("--to", "csv", "--from", "x")])
def test_formats_that_there_are_not_are_wrong_use(tmp_path, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("a", "b", *said)
    assert stopped.value.code == 2
    assert "none of" in capsys.readouterr().err


def test_the_list_tells_every_format_and_what_it_loses(capsys):
    with pytest.raises(SystemExit) as stopped:
        run("--list")
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    for fmt in FORMATS.values():
        assert f"{fmt.name}: {fmt.title}" in said
        assert all(text in said for text in fmt.loses.values())
