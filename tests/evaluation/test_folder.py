"""A data set of one's own."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.evaluation.classes import IGNORED
from napari_zeroseg.evaluation.folder import open_folder
from tests.evaluation import layouts


def test_classes_masks_and_objects_are_read(tmp_path):
    made = layouts.folder(tmp_path)
    dataset = open_folder(tmp_path)
    assert dataset.classes.names == ("background", "bright", "grey")
    assert dataset.classes.vocabulary()["bright"].attributes.text() == "white, square"
    truth = dataset.truth(dataset.samples[1])
    values = made[1].values.astype(int)
    np.testing.assert_array_equal(truth.classes, np.where(values == 9, IGNORED, values))
    assert {n for n, _, _ in truth.masks()} == set(np.unique(made[1].objects).tolist()) - {0}


def test_without_objects_none_are_told_apart(tmp_path):
    layouts.folder(tmp_path)
    shutil.rmtree(tmp_path / "objects")
    dataset = open_folder(tmp_path)
    assert dataset.truth(dataset.samples[0]).objects is None
    assert not dataset.classes.things.any()


def test_objects_alone_do_for_one_class_and_masks_may_be_tiffs(tmp_path):
    made = layouts.folder(tmp_path)
    shutil.rmtree(tmp_path / "masks")
    with pytest.raises(BadFileError, match="must be one class beside the background"):
        open_folder(tmp_path)
    (tmp_path / "classes.txt").write_text("0 background\n1 cell\n")
    tifffile.imwrite(tmp_path / "objects" / "a.tif", made[0].objects.astype(np.int32))
    (tmp_path / "objects" / "a.png").unlink()
    dataset = open_folder(tmp_path)
    truth = dataset.truth(dataset.samples[0])
    np.testing.assert_array_equal(truth.classes == 1, made[0].objects > 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nucleus\n", "Line 1 of classes.txt is not an id and a name"),
        ("1\n", "not an id and a name"),
        ("0 background\n", "no class"),
        ("1 a\n2 A\n", "one twice"),
        ("1 a;b\n", "Line 1"),
        (b"\xff\xfe\x00", "no text"),
        (None, "has no classes.txt"),
    ],
)
def test_what_is_wrong_with_the_list_is_told(tmp_path, text, message):
    layouts.folder(tmp_path)
    path = tmp_path / "classes.txt"
    if text is None:
        path.unlink()
    elif isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text)
    with pytest.raises(BadFileError, match=message):
        open_folder(tmp_path)


def test_images_without_masks_are_told(tmp_path):
    layouts.folder(tmp_path)
    for path in (tmp_path / "masks").iterdir():
        path.rename(path.with_name(f"x{path.name}"))
    with pytest.raises(BadFileError, match="no image with a mask of the same name"):
        open_folder(tmp_path)


def test_label_files_that_do_not_fit_are_told(tmp_path):
    layouts.folder(tmp_path)
    dataset = open_folder(tmp_path)
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((4, 4, 3), np.uint8), photometric="rgb")
    (tmp_path / "masks" / "a.png").write_bytes(b"\x89PNG nothing")
    with pytest.raises(BadFileError, match=r"a\.png"):
        dataset.truth(dataset.samples[0])
    tifffile.imwrite(tmp_path / "objects" / "b.tif", np.zeros((5, 5), np.uint8))
    (tmp_path / "objects" / "b.png").unlink()
    with pytest.raises(BadFileError, match="other sizes"):
        open_folder(tmp_path).truth(open_folder(tmp_path).samples[1])
