"""The detector finds what the words say, and nothing where nothing fits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage import data, draw
from skimage.color import rgb2lab

from napari_zeroseg.backends.embedded.detector import EmbeddedDetector
from napari_zeroseg.backends.embedded.tagger import EmbeddedTagger
from napari_zeroseg.backends.embedded.words import hue_name
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

SHAPE = (128, 160)
PURPLE, PINK, WHITE = (0.35, 0.1, 0.5), (0.95, 0.7, 0.8), (0.97, 0.97, 0.97)


def picture(ground, *shapes):
    image = np.tile(np.asarray(ground, np.float32), (*SHAPE, 1))
    for color, y, x, a, b in shapes:
        image[draw.ellipse(y, x, a, b, shape=SHAPE)] = color
    image = ndi.gaussian_filter(image, (1, 1, 0))
    image += np.random.default_rng(0).normal(0, 0.004, image.shape)
    return np.clip(image, 0, 1).astype(np.float32)


def centers(detections):
    return sorted((round((d.box[1] + d.box[3]) / 2), round((d.box[0] + d.box[2]) / 2)) for d in detections)


def near(found, wanted):
    return len(found) == len(wanted) and np.abs(np.subtract(found, sorted(wanted))).max() <= 2


def detect(image, words):
    return EmbeddedDetector().detect(image, list(Vocabulary.parse(words)))


PLACES = [(30, 30), (60, 100), (100, 50), (90, 130)]


def test_dark_purple_discs_and_not_green_ones():
    image = picture(
        WHITE, *[(PURPLE, y, x, 9, 9) for y, x in PLACES], *[((0.2, 0.6, 0.2), y, 75, 9, 9) for y in (30, 90)]
    )
    found = detect(image, "thing: dark purple, round")
    assert near(centers(found), PLACES)
    assert {(d.phrase, d.name) for d in found} == {("thing", "thing")}
    assert all(0 < d.score <= 1 for d in found)


@pytest.mark.parametrize(
    ("color", "ground"),
    [((0.6,) * 3, (0.05,) * 3), (PURPLE, WHITE), (PURPLE, PINK), ((0.2,) * 3, (0.8,) * 3)],
)
def test_the_alternative_that_the_image_supports_is_taken(color, ground):
    image = picture(ground, *[(color, y, x, 9, 7) for y, x in PLACES])
    found = detect(image, "nucleus: bright or dark purple or dark grey, round or oval")
    assert near(centers(found), PLACES)


def test_polarity_decides():
    image = picture((0.5,) * 3, ((0.9,) * 3, 40, 40, 9, 9), ((0.1,) * 3, 80, 110, 9, 9))
    assert near(centers(detect(image, "a: bright, round")), [(40, 40)])
    assert near(centers(detect(image, "a: dark, round")), [(80, 110)])


def test_shape_decides():
    image = picture((0.1,) * 3, ((0.8,) * 3, 40, 40, 9, 9), ((0.8,) * 3, 80, 100, 4, 24))
    assert near(centers(detect(image, "a: bright, round")), [(40, 40)])
    assert near(centers(detect(image, "a: bright, elongated")), [(80, 100)])


def test_a_class_around_another_takes_the_region_that_holds_it():
    image = picture(WHITE, ((0.8, 0.65, 0.85), 64, 80, 34, 34), (PURPLE, 64, 80, 14, 14))
    words = "blood cell nucleus: dark purple, compact; cytoplasm: pale, around the nucleus"
    found = {d.name: d for d in detect(image, words)}
    assert set(found) == {"blood cell nucleus", "cytoplasm"}
    assert np.ptp(found["blood cell nucleus"].box[::2]) == pytest.approx(28, abs=5)
    assert np.ptp(found["cytoplasm"].box[::2]) == pytest.approx(68, abs=6)
    assert found["blood cell nucleus"].score > found["cytoplasm"].score


def test_what_should_be_around_nothing_is_not_there():
    image = picture(WHITE, ((0.2, 0.6, 0.2), 64, 80, 14, 14))
    assert detect(image, "nucleus: dark purple; cytoplasm: pale, around the nucleus") == []


def test_a_hue_that_is_nowhere_is_not_found():
    image = picture((0.1,) * 3, *[((0.7,) * 3, y, x, 9, 9) for y, x in PLACES])
    assert detect(image, "leaf: green") == []


def test_noise_holds_nothing():
    image = np.random.default_rng(3).random((96, 96, 1)).astype(np.float32).repeat(3, axis=2)
    assert len(detect(image, "nucleus: bright, round")) <= 3


def test_an_unknown_class_gets_what_stands_out_at_a_low_score():
    image = picture((0.1,) * 3, *[((0.8,) * 3, y, x, 9, 9) for y, x in PLACES])
    named = EmbeddedDetector().detect(image, [TargetClass.parse("thing: bright, round")])
    unknown = EmbeddedDetector().detect(image, [TargetClass("flurb")])
    assert near(centers(unknown), PLACES)
    assert unknown[0].score < named[0].score


def test_coins_are_boxed():
    found = detect(plane_from_array(data.coins()), "coin: bright, round")
    assert 18 <= len(found) <= 30


def test_tags_and_caption_say_what_is_there():
    image = picture((0.02,) * 3, *[((0.8,) * 3, y, x, 7, 7) for y, x in PLACES])
    tags = [t.text for t in EmbeddedTagger().tag(image)]
    assert "bright round blobs" in tags
    assert "black background" in tags
    assert EmbeddedTagger().caption(image) == "4 small bright round blobs on a black background."


def test_tags_name_hues_and_fall_in_score():
    image = picture(PINK, *[(PURPLE, y, x, 12, 12) for y, x in PLACES])
    tags = EmbeddedTagger().tag(image)
    assert "dark purple round blobs" in [t.text for t in tags]
    assert [t.score for t in tags] == sorted((t.score for t in tags), reverse=True)
    assert all(0 <= t.score <= 1 for t in tags)


def test_a_caption_is_honest_where_nothing_stands_out():
    image = np.full((64, 64, 3), 0.5, np.float32)
    image[0, 0] = 0.51
    assert EmbeddedTagger().caption(image) == "Nothing stands out clearly on a grey background."
    assert detect(image, "nucleus: bright, round") == []


@pytest.mark.parametrize(
    ("rgb", "name"),
    [((144, 108, 72), "brown"), ((139, 69, 19), "brown"), ((255, 165, 0), "orange"), ((200, 30, 30), "red")],
)
def test_a_dull_orange_is_brown(rgb, name):
    color = rgb2lab(np.array(rgb, np.float64)[None, None] / 255)[0, 0]
    assert hue_name(color) == name
