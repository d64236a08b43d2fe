"""YOLO's labels."""

import numpy as np
import pytest
import yaml
from PIL import Image

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.export.yolo import read_yolo, write_yolo

SHAPE = (10, 20)
SQUARE = Mask((1, 2), np.ones((3, 4), bool))


def drawn(names="nucleus; Zelle ä", image="my cells.jpg"):
    vocabulary = Vocabulary.parse(names)
    return Annotations(image, SHAPE, vocabulary, (Instance(5, vocabulary.names[-1], SQUARE, 0.5),))


@pytest.fixture
def path(tmp_path):
    write_yolo(tmp_path, drawn())
    return tmp_path


def picture(path, name):
    path.mkdir(exist_ok=True)
    Image.new("L", SHAPE[::-1]).save(path / name)


def test_corners_are_parts_of_the_image_and_classes_count_from_0(path):
    number, *corners = (path / "labels" / "my cells.txt").read_text().split()
    assert number == "1"
    pairs = set(zip(map(float, corners[::2]), map(float, corners[1::2]), strict=True))
    assert pairs == {(0.1, 0.1), (0.3, 0.1), (0.3, 0.4), (0.1, 0.4)}
    assert yaml.safe_load((path / "data.yaml").read_text())["names"] == {0: "nucleus", 1: "Zelle ä"}


def test_the_images_of_a_data_set_tell_its_sizes(path):
    picture(path / "images", "my cells.png")
    (back,) = read_yolo(path)
    assert (back.image, back.shape) == ("my cells.png", SHAPE)
    assert back.instances[0].mask.same_as(SQUARE)


def test_an_image_that_is_missing_is_told(path):
    with pytest.raises(BadFileError, match=r"size of the image of 'my cells\.txt'"):
        read_yolo(path)


def test_boxes_are_read_as_boxes(path):
    (path / "labels" / "my cells.txt").write_text("0 0.2 0.25 0.2 0.3\n\n")
    (back,) = read_yolo(path, Frame("my cells.png", SHAPE))
    assert back.instances[0].mask.same_as(SQUARE)


def test_the_labels_of_one_image_are_found_by_its_name(path):
    write_yolo(path, drawn(image="b.png"))
    (back,) = read_yolo(path, Frame("b.tif", SHAPE))
    assert back.image == "b.tif"
    with pytest.raises(BadFileError, match="no labels for"):
        read_yolo(path, Frame("c.tif", SHAPE))


def test_other_classes_are_refused(path):
    with pytest.raises(ExportError, match="lists other classes"):
        write_yolo(path, drawn("cell", "b.png"))
    assert not (path / "labels" / "b.txt").exists()


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("labels/my cells.txt", "7 0 0 1 0 1 1", "Line 1"),
        ("labels/my cells.txt", "0 0 0 1 0 1 x", "Line 1"),
        ("labels/my cells.txt", "0 0 0 nan 0 1 1", "Line 1"),
        ("labels/my cells.txt", "0 0 0", "Line 1"),
        ("data.yaml", "names: {1: a}", "from 0 on"),
        ("data.yaml", "names: 3", "lists no classes"),
        ("data.yaml", "!!python/object/apply:os.getcwd []", "lists no classes"),
        ("data.yaml", "[" * 5000, "lists no classes"),
    ],
)
def test_damaged_and_hostile_data_sets_are_refused(path, file, text, message):
    (path / file).write_text(text)
    with pytest.raises(BadFileError, match=message):
        read_yolo(path, Frame("my cells.png", SHAPE))
