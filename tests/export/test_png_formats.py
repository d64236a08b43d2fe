"""Pascal VOC's and Cityscapes' masks."""

import numpy as np
import pytest
from PIL import Image

from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.export import png
from napari_zeroseg.export.cityscapes import read_cityscapes, write_cityscapes
from napari_zeroseg.export.png import write_png
from napari_zeroseg.export.voc import read_voc, voc_color, write_voc

SHAPE = (10, 12)
SQUARE = Mask((1, 2), np.ones((3, 3), bool))
OTHER = Mask((6, 6), np.ones((2, 4), bool))


def drawn(names="cat; dog", image="b.jpg"):
    vocabulary = Vocabulary.parse(names)
    instances = tuple(Instance(1, n, m, 1.0) for n, m in zip(vocabulary.names, (SQUARE, OTHER), strict=False))
    return Annotations(image, SHAPE, vocabulary, instances)


def test_the_palette_is_the_one_of_the_development_kit():
    assert [voc_color(n) for n in (0, 1, 2, 15, 255)] == [
        [0, 0, 0], [128, 0, 0], [0, 128, 0], [192, 128, 128], [224, 224, 192]
    ]  # fmt: skip


def test_classes_and_objects_are_indices_with_a_palette(tmp_path):
    write_voc(tmp_path, drawn())
    with Image.open(tmp_path / "SegmentationClass" / "b.png") as picture:
        assert (picture.mode, picture.size) == ("P", (12, 10))
        assert np.unique(np.asarray(picture)).tolist() == [0, 1, 2]
        color = drawn().vocabulary["cat"].color
        assert picture.getpalette()[3:6] == list(bytes.fromhex(color[1:]))
    with Image.open(tmp_path / "SegmentationObject" / "b.png") as picture:
        assert np.asarray(picture)[2, 3] != np.asarray(picture)[6, 6]


def test_a_folder_takes_further_images_with_the_same_classes_only(tmp_path):
    write_voc(tmp_path, drawn(image="a.jpg"))
    write_voc(tmp_path, drawn(image="b.jpg"))
    assert [a.image for a in read_voc(tmp_path)] == ["a.png", "b.png"]
    with pytest.raises(ExportError, match="lists other classes"):
        write_voc(tmp_path, drawn("cat; cow", "c.jpg"))
    assert not (tmp_path / "SegmentationClass" / "c.png").exists()


def test_the_official_layout_is_read_without_a_list_of_classes(tmp_path):
    classes, objects = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    classes[2:5, 2:5], objects[2:5, 2:5] = 15, 4
    classes[1, 1:6] = objects[1, 1:6] = 255  # what lies around objects belongs to nothing
    for name, labels in (("SegmentationClass", classes), ("SegmentationObject", objects)):
        (tmp_path / name).mkdir()
        write_png(tmp_path / name / "2007_000032.png", labels, list(map(voc_color, range(256))))
    (back,) = read_voc(tmp_path)
    (instance,) = back.instances
    assert (instance.name, instance.mask.area, len(back.vocabulary)) == ("person", 9, 20)
    assert back.vocabulary["person"].color == "#c08080"


def test_colours_without_a_palette_are_those_of_the_list_of_classes(tmp_path):
    write_voc(tmp_path, drawn())
    for name in ("SegmentationClass", "SegmentationObject"):
        file = tmp_path / name / "b.png"
        with Image.open(file) as picture:
            colors = picture.convert("RGB")
        colors.save(file)
    (back,) = read_voc(tmp_path)
    assert {(i.name, i.mask.origin) for i in back.instances} == {("cat", (1, 2)), ("dog", (6, 6))}


def test_without_objects_all_of_a_class_is_one(tmp_path):
    write_voc(tmp_path, drawn("cat; dog"))
    (tmp_path / "SegmentationObject" / "b.png").unlink()
    (back,) = read_voc(tmp_path)
    assert [(i.name, i.mask.area) for i in back.instances] == [("cat", 9), ("dog", 8)]


def test_more_objects_than_eight_bits_number_are_refused(tmp_path):
    many = tuple(Instance(n, "cat", SQUARE, 1.0) for n in range(1, 256))
    with pytest.raises(ExportError, match="at most 254"):
        write_voc(tmp_path, Annotations("a.jpg", SHAPE, Vocabulary.parse("cat"), many))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "labelmap.txt").write_text("cat:1,x,3::"), "no list of classes"),
        (lambda f: (f / "SegmentationClass" / "b.png").write_bytes(b"PNG"), "could not be read"),
        (lambda f: (f / "SegmentationClass" / "b.png").unlink(), "no masks"),
        (
            lambda f: write_png(f / "SegmentationObject" / "b.png", np.zeros((2, 2), np.uint8)),
            "other sizes",
        ),
    ],
)
def test_damaged_folders_are_refused(tmp_path, damage, message):
    write_voc(tmp_path, drawn())
    damage(tmp_path)
    with pytest.raises(BadFileError, match=message):
        read_voc(tmp_path)


def test_pictures_that_are_too_large_are_refused(tmp_path, monkeypatch):
    write_voc(tmp_path, drawn())
    monkeypatch.setattr(png, "MAX_PIXELS", 10)
    with pytest.raises(BadFileError, match="12 × 10"):
        read_voc(tmp_path)


def test_cityscapes_has_ids_of_classes_and_of_objects(tmp_path):
    write_cityscapes(tmp_path, drawn("Car; road", "ulm_01_leftImg8bit.png"))
    with Image.open(tmp_path / "ulm_01_gtFine_labelIds.png") as picture:
        assert np.unique(np.asarray(picture)).tolist() == [0, 7, 26]
    with Image.open(tmp_path / "ulm_01_gtFine_instanceIds.png") as picture:
        assert np.unique(np.asarray(picture)).tolist() == [0, 7, 26_000]
    with Image.open(tmp_path / "ulm_01_gtFine_color.png") as picture:
        assert picture.getpixel((3, 2)) == (0, 0, 142)


def test_synonyms_are_names_in_cityscapes_too(tmp_path):
    vocabulary = Vocabulary((TargetClass("pedestrian", synonyms=("person",)), TargetClass("nucleus")))
    instances = (Instance(1, "pedestrian", SQUARE, 1.0), Instance(1, "nucleus", OTHER, 1.0))
    write_cityscapes(tmp_path, Annotations("a.png", SHAPE, vocabulary, instances))
    (back,) = read_cityscapes(tmp_path)
    assert [(i.name, i.mask.area) for i in back.instances] == [("person", 9)]


def test_cityscapes_refuses_what_it_has_no_class_for(tmp_path):
    with pytest.raises(ExportError, match="None of the classes"):
        write_cityscapes(tmp_path, drawn("nucleus"))
    with pytest.raises(BadFileError, match="instanceIds"):
        read_cityscapes(tmp_path)


def test_groups_and_regions_that_are_not_judged(tmp_path):
    ids = np.zeros(SHAPE, np.uint16)
    ids[0], ids[1], ids[2], ids[3] = 26, 26_003, 1, 26_999
    write_png(tmp_path / "ulm_01_gtFine_instanceIds.png", ids)
    (back,) = read_cityscapes(tmp_path)
    assert [(i.name, i.mask.origin[0]) for i in back.instances] == [("car", 0), ("car", 1), ("car", 3)]
    assert back.notes == ("Left out: 1 × region of no class that is judged.",)
