import numpy as np
from PIL import Image

from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.export.overlay import overlay, write_overlay_png

VOCABULARY = Vocabulary((TargetClass("a", "#ff0000"), TargetClass("b", "#0000ff")))
PLANE = np.full((20, 20, 3), 0.5, np.float32)
INSTANCES = (
    Instance(1, "a", Mask((2, 2), np.ones((9, 9), bool)), 0.5),
    Instance(1, "b", Mask((6, 6), np.ones((9, 9), bool)), 0.9),
)


def test_objects_have_an_outline_in_full_colour_and_a_tint_inside():
    picture = overlay(PLANE, VOCABULARY, INSTANCES)
    assert picture.dtype == np.uint8
    assert tuple(picture[0, 0]) == (128, 128, 128)
    assert tuple(picture[2, 2]) == (255, 0, 0)
    red, green, blue = (int(v) for v in picture[4, 4])
    assert 128 < red < 255
    assert 0 < green == blue < 128


def test_where_classes_overlap_the_better_one_is_drawn():
    assert tuple(overlay(PLANE, VOCABULARY, INSTANCES)[6, 6]) == (0, 0, 255)


def test_the_file_holds_the_picture(tmp_path):
    write_overlay_png(tmp_path / "a.png", PLANE, VOCABULARY, INSTANCES)
    with Image.open(tmp_path / "a.png") as picture:
        assert np.array_equal(np.asarray(picture), overlay(PLANE, VOCABULARY, INSTANCES))
