"""Labels that are too many for the memory lie in a file, and are painted like others."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from napari_zeroseg._napari.class_layer import ClassLayer
from napari_zeroseg._napari.label_data import empty_labels, widened
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask


@pytest.fixture
def always_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr("napari_zeroseg._napari.label_data.LARGE", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_few_labels_lie_in_memory() -> None:
    assert isinstance(empty_labels((100, 100)), np.ndarray)


def test_the_file_goes_with_the_labels(always_large: Path) -> None:
    labels = empty_labels((3, 100, 100))
    assert labels.chunks == (1, 100, 100)
    labels[1, 5:10, 5:10] = 7
    assert list(always_large.iterdir())
    del labels
    gc.collect()
    assert not list(always_large.iterdir())


@pytest.mark.usefixtures("always_large")
def test_wider_labels_hold_the_same() -> None:
    labels = empty_labels((1500, 1100))
    labels[1200:1300, 1000:1100] = 7
    wide = widened(labels)
    assert wide.dtype == np.int32
    np.testing.assert_array_equal(wide[:], labels[:])
    assert not isinstance(wide, np.ndarray)
    assert widened(np.ones((2, 2), np.uint16)).dtype == np.int32


@pytest.mark.usefixtures("always_large")
def test_a_layer_in_a_file_shows_instances_and_reports_strokes() -> None:
    strokes = []
    view = ClassLayer(
        "a", (60, 80), lambda _, plane, window: strokes.append((plane, window)), lambda *_: None, {}
    )
    one = Instance(1, "a", Mask((5, 5), np.ones((10, 10), bool)), 0.9)
    view.show((one,), "#ff0000")
    assert view.layer.data[7, 7] == 1
    assert view.layer._slice.image.raw[7, 7] == 1
    view.layer.selected_label = 2
    view.layer.paint((40, 40), 2)
    assert view.layer.data[40, 40] == 2
    assert view.layer._slice.image.raw[40, 40] == 2
    assert [plane for plane, _ in strokes] == [()]
    rows, cols = strokes[0][1]
    assert rows.start <= 40 < rows.stop
    assert cols.start <= 40 < cols.stop
    many = Instance(70000, "a", Mask((20, 20), np.ones((3, 3), bool)), 0.9)
    view.show((one, many), "#ff0000")
    assert view.layer.data[21, 21] == 70000
    view.close()
