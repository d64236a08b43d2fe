import numpy as np
import pytest
import tifffile

from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.export.tiff import read_label_tiff, write_label_tiff


@pytest.mark.parametrize(("highest", "dtype"), [(255, np.uint8), (256, np.uint16), (70000, np.uint32)])
def test_labels_come_back_in_the_smallest_type(tmp_path, highest, dtype):
    labels = np.zeros((30, 20), np.int32)
    labels[3:9, 4:8] = highest
    write_label_tiff(tmp_path / "a.tif", labels)
    back = read_label_tiff(tmp_path / "a.tif")
    assert back.dtype == dtype
    assert np.array_equal(back, labels)


def test_an_image_without_labels_is_a_whole_image(tmp_path):
    write_label_tiff(tmp_path / "a.tif", np.zeros((5, 4), np.int32))
    assert read_label_tiff(tmp_path / "a.tif").shape == (5, 4)


def test_a_stack_keeps_its_axes(tmp_path):
    labels = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    write_label_tiff(tmp_path / "a.tif", labels)
    assert np.array_equal(read_label_tiff(tmp_path / "a.tif"), labels)


def test_negative_labels_are_refused(tmp_path):
    with pytest.raises(ExportError, match="-1"):
        write_label_tiff(tmp_path / "a.tif", np.array([[-1, 0]]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"hello", b"II*\0" + b"\xff" * 40])
def test_what_is_no_tiff_is_told(tmp_path, content):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(BadFileError, match=r"a\.tif"):
        read_label_tiff(tmp_path / "a.tif")


def test_an_image_is_not_taken_for_labels(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 5), np.float32))
    with pytest.raises(BadFileError, match="not labels"):
        read_label_tiff(tmp_path / "a.tif")
