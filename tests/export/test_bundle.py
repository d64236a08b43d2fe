import json

import numpy as np
import pytest

from napari_zeroseg import api
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.export import bundle as bundle_module
from napari_zeroseg.export.bundle import Bundle
from napari_zeroseg.export.record import read_label_files
from napari_zeroseg.export.tiff import read_label_tiff
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, squares


@pytest.fixture
def result(monkeypatch):
    monkeypatch.setattr(api, "Session", lambda recipe: Session(recipe=recipe, backends=fake_backends))
    return api.segment(squares(), "grey, bright", name="squares.png")


def test_all_files_hold_the_result(tmp_path, result):
    bundle = Bundle(tmp_path / "out", "squares", result.vocabulary.names, coco=True)
    written = bundle.write(result)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in written)
    assert {p.name for p in written} == {
        "squares_semantic.tif", "squares_grey.tif", "squares_bright.tif",
        "squares_overlay.png", "squares_coco.json", "squares.json",
    }  # fmt: skip
    assert np.array_equal(read_label_tiff(bundle.semantic), result.semantic())
    assert np.array_equal(read_label_tiff(bundle.labels["bright"]), result.labels("bright"))
    assert json.loads(bundle.record.read_text())["image"]["name"] == "squares.png"


def test_the_record_leads_back_to_the_labels(tmp_path, result):
    bundle = Bundle(tmp_path, "squares", result.vocabulary.names)
    bundle.write(result)
    files = read_label_files(bundle.record)
    assert [(f.name, f.path) for f in files] == list(bundle.labels.items())
    assert files[0].color == result.vocabulary["grey"].color


@pytest.mark.parametrize("name", ["../a.tif", "/etc/passwd", "..", "", "a\\b.tif"])
def test_a_record_cannot_point_out_of_its_folder(tmp_path, result, name):
    bundle = Bundle(tmp_path, "squares", result.vocabulary.names)
    bundle.write(result)
    record = json.loads(bundle.record.read_text())
    record["files"]["labels"]["grey"] = name
    bundle.record.write_text(json.dumps(record))
    with pytest.raises(BadFileError, match="not in its folder"):
        read_label_files(bundle.record)


def test_a_failure_tells_what_is_written_already(tmp_path, result, monkeypatch):
    def fail(*args):
        raise ExportError("The disk is full.", kept="Nothing is lost.", remedy="Free some space.")

    monkeypatch.setattr(bundle_module, "write_overlay_png", fail)
    bundle = Bundle(tmp_path, "squares", result.vocabulary.names)
    with pytest.raises(ExportError, match=r"disk is full.*Already written: squares_semantic\.tif.*Free some"):
        bundle.write(result)
    assert not bundle.record.exists()
