import json
import tracemalloc

import numpy as np
import pytest
import zarr
from PIL import Image
from tifffile import TiffFile

from napari_zeroseg import api
from napari_zeroseg.cli import main
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.recipe import Parameters, Recipe
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.export import bundle as bundle_module
from napari_zeroseg.export import tiff as tiff_module
from napari_zeroseg.export.bundle import Bundle
from napari_zeroseg.export.images import open_image
from napari_zeroseg.export.record import read_label_files
from napari_zeroseg.export.tiff import read_label_tiff
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, squares


@pytest.fixture
def result(monkeypatch):
    monkeypatch.setattr(api, "Session", lambda recipe: Session(recipe=recipe, backends=fake_backends))
    return api.segment(squares(), "grey, bright", name="squares.png")


def test_all_files_hold_the_result(tmp_path, result):
    bundle = Bundle(tmp_path / "out", "squares", result.vocabulary.names, formats=("coco",))
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


def test_a_large_result_is_the_same_in_tiles_and_its_overlay_an_overview(tmp_path, result, monkeypatch):
    bundle = Bundle(tmp_path, "squares", result.vocabulary.names)
    monkeypatch.setattr(bundle_module, "LARGE", 100)
    monkeypatch.setattr(tiff_module, "TILE", 16)
    bundle.write(result)
    assert np.array_equal(read_label_tiff(bundle.semantic), result.semantic())
    for name, path in bundle.labels.items():
        assert np.array_equal(read_label_tiff(path), result.labels(name))
        with TiffFile(path) as file:
            assert file.is_bigtiff
            assert file.pages.first.tile == (16, 16)
    assert bundle.overlay.exists()


def test_planes_and_scale_of_a_large_stack_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(api, "Session", lambda recipe: Session(recipe=recipe, backends=fake_backends))
    monkeypatch.setattr(bundle_module, "LARGE", 100)
    stack = np.stack([squares(), np.zeros_like(squares()), squares()[::-1]])
    volume = Volume(
        stack, "ZYX", scale={"Z": 2, "Y": 0.5, "X": 0.5}, units=dict.fromkeys("ZYX", "micrometer")
    )
    result = api.segment(volume, "bright")
    bundle = Bundle(tmp_path, "stack", result.vocabulary.names)
    bundle.write(result)
    written = open_image(bundle.labels["bright"])
    assert np.array_equal(written.data[:], result.labels("bright"))
    assert (written.axes, written.scale["Z"], written.scale["X"]) == ("ZYX", 2, 0.5)


def test_a_large_zarr_goes_to_files_within_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(api, "Session", lambda recipe: Session(recipe=recipe, backends=fake_backends))
    monkeypatch.setattr(bundle_module, "LARGE", 2**20)
    side = 3000
    array = zarr.create_array(
        tmp_path / "big.zarr",
        shape=(side, side),
        chunks=(500, 500),
        dtype="uint8",
        dimension_names=["y", "x"],
    )
    for y, x in ((40, 50), (1010, 2000), (2800, 2900)):
        array[y : y + 60, x : x + 60] = 255
    recipe = tmp_path / "recipe.json"
    recipe.write_text(Recipe(parameters=Parameters(tile=512)).model_dump_json())
    command = ["segment", array.store_path.store.root, "--classes", "bright", "--recipe", recipe]
    tracemalloc.start()
    try:
        assert main([*map(str, command), "--out", str(tmp_path / "out")]) == 0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < side * side * 3 * 4 * 2 / 3  # the image alone, as the models get it, takes more
    labels = read_label_tiff(tmp_path / "out" / "big_bright.tif")
    assert [np.count_nonzero(labels == i) for i in (1, 2, 3)] == [3600] * 3
    with Image.open(tmp_path / "out" / "big_overlay.png") as picture:
        assert max(picture.size) <= 1024
        assert np.asarray(picture).any()
