"""ROI sets of ImageJ."""

import zipfile

import numpy as np
import pytest
from roifile import ROI_TYPE, ImagejRoi, roiread

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.core.volume import Grid
from napari_zeroseg.export import imagej
from napari_zeroseg.export.imagej import read_imagej, write_imagej

FRAME = Frame("a.tif", (20, 30))
VOCABULARY = Vocabulary((TargetClass("nucleus", "#4e9af1"), TargetClass("𐐷 cell", "#e8575a")))
RING = np.ones((5, 5), bool)
RING[2, 2] = False


def write(path, *rois):
    with zipfile.ZipFile(path, "w") as archive:
        for number, roi in enumerate(rois):
            archive.writestr(f"../../{number}.roi", roi.tobytes())
    return path


def test_roifile_reads_shapes_names_colours_groups_and_places(tmp_path):
    instances = (
        Instance(3, "nucleus", Mask((2, 4), np.ones((3, 6), bool)), 0.5, plane=(1,)),
        Instance(70_000, "𐐷 cell", Mask((5, 5), RING), 1.0, plane=(0,)),
    )
    grid = Grid("ZYX", (2,), ((0,), (1,)))
    write_imagej(tmp_path / "a.zip", Annotations("a.tif", (20, 30), VOCABULARY, instances, grid))
    square, ring = roiread(tmp_path / "a.zip")
    assert (square.roitype, square.name, square.group) == (ROI_TYPE.TRACED, "nucleus 3", 1)
    assert (square.z_position, square.t_position) == (2, 0)
    assert square.hexcolor(square.stroke_color) == "#4e9af1"
    assert sorted(map(tuple, square.coordinates().tolist())) == [(4, 2), (4, 5), (10, 2), (10, 5)]
    assert (ring.name, ring.group, ring.composite) == ("? cell 70000", 2, True)
    assert len(ring.coordinates(multi=True)) == 2
    assert (ring.left, ring.top, ring.right, ring.bottom) == (5, 5, 10, 10)


def test_entries_have_names_of_their_own(tmp_path):
    square = Mask((2, 4), np.ones((3, 6), bool))
    instances = tuple(Instance(n, "𐐷 cell", square, 1.0) for n in (1, 2))
    write_imagej(tmp_path / "a.zip", Annotations("a.tif", (20, 30), VOCABULARY, instances))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["000001-𐐷_cell-1.roi", "000002-𐐷_cell-2.roi"]


def test_shapes_that_a_person_drew_in_imagej_are_read(tmp_path):
    rectangle = ImagejRoi(roitype=ROI_TYPE.RECT, left=2, top=1, right=6, bottom=4, group=2)
    oval = ImagejRoi(roitype=ROI_TYPE.OVAL, left=10, top=5, right=20, bottom=15)
    freehand = ImagejRoi.frompoints(np.array([[0.5, 0.5], [4.5, 0.5], [4.5, 4.5], [0.5, 4.5]]))
    line = ImagejRoi(roitype=ROI_TYPE.LINE, x2=5, y2=5)
    (back,) = read_imagej(write(tmp_path / "a.zip", rectangle, oval, freehand, line), FRAME)
    assert [i.name for i in back.instances] == ["group 2", "object", "object"]
    assert back.instances[0].mask.same_as(Mask((1, 2), np.ones((3, 4), bool)))
    assert back.instances[1].mask.area == pytest.approx(np.pi * 25, rel=0.1)
    assert back.instances[2].mask.area == 16
    assert back.notes == ("Left out: 1 × ROI without an area.",)
    assert list(tmp_path.parent.glob("*.roi")) == []


def test_one_roi_by_itself_is_read(tmp_path):
    roi = ImagejRoi(roitype=ROI_TYPE.RECT, left=2, top=1, right=6, bottom=4)
    roi.tofile(tmp_path / "a.roi")
    (back,) = read_imagej(tmp_path / "a.roi")
    assert (back.shape, back.instances[0].mask.area) == ((4, 6), 12)


def test_a_slice_of_a_plain_stack_is_its_position(tmp_path):
    roi = ImagejRoi(roitype=ROI_TYPE.RECT, left=2, top=1, right=6, bottom=4, position=3)
    frame = Frame("a.tif", (20, 30), Grid("TYX", (4,), tuple((t,) for t in range(4))))
    (back,) = read_imagej(write(tmp_path / "a.zip", roi), frame)
    assert back.instances[0].plane == (2,)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(imagej, "MAX_FILE_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.roi", bytes(100_000))
    with pytest.raises(BadFileError, match="unpacks to"):
        read_imagej(tmp_path / "a.zip", FRAME)


@pytest.mark.parametrize("content", [b"", b"Iout", b"PK\x03\x04 no archive", b"Iout" + bytes(40)])
def test_what_is_no_roi_is_refused(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BadFileError):
        read_imagej(tmp_path / "a.zip", FRAME)
