from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from skimage import data

from napari_zeroseg.backends.embedded import segmenter
from napari_zeroseg.backends.embedded.segmenter import EmbeddedImage, EmbeddedSegmenter
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.points import choose_points
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.evaluation.clicks import simulate

SEGMENTER = EmbeddedSegmenter()


def disc(row: float, col: float, radius: float, shape: tuple[int, int]) -> NDArray[np.bool_]:
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(rows - row, cols - col) <= radius


def embedded(values: NDArray[np.float32], noise: float = 0.02) -> EmbeddedImage:
    noisy = ndimage.gaussian_filter(values, 0.7) + np.random.default_rng(0).normal(0, noise, values.shape)
    return SEGMENTER.embed(plane_from_array(np.clip(noisy, 0, 1).astype(np.float32)))


def answer(embedding: EmbeddedImage, prompt: Prompt) -> Mask:
    return SEGMENTER.segment(embedding, [prompt])[0].mask()


SHAPE = (120, 150)
ONE = disc(60, 70, 14, SHAPE)
LEFT, RIGHT = disc(60, 50, 15, SHAPE), disc(60, 76, 15, SHAPE)


@pytest.mark.parametrize(("object_", "around"), [(0.8, 0.1), (0.2, 0.9), (0.25, 0.15)])
def test_one_click_gives_a_bright_dark_or_dim_object(object_: float, around: float) -> None:
    image = embedded(np.where(ONE, object_, around).astype(np.float32))
    assert answer(image, Prompt((Point(72, 58),))).iou(Mask.from_plane(ONE)) > 0.9


def test_one_click_gives_an_object_of_another_colour_of_equal_brightness() -> None:
    color = np.where(ONE[..., None], (0.8, 0.4, 0.5), (0.4, 0.6, 0.5)).astype(np.float32)
    image = SEGMENTER.embed(color)
    assert answer(image, Prompt((Point(70, 60),))).iou(Mask.from_plane(ONE)) > 0.9


def test_one_click_gives_an_elongated_object() -> None:
    rows, cols = np.mgrid[: SHAPE[0], : SHAPE[1]] - np.reshape((60, 70), (2, 1, 1))
    rod = ((rows + cols) / 36) ** 2 + ((rows - cols) / 11) ** 2 < 1
    image = embedded(np.where(rod, 0.7, 0.1).astype(np.float32))
    assert answer(image, Prompt((Point(70, 60),))).iou(Mask.from_plane(rod)) > 0.85


def test_one_click_gives_one_of_two_touching_objects() -> None:
    image = embedded(np.where(LEFT | RIGHT, 0.7, 0.1).astype(np.float32))
    mask = answer(image, Prompt((Point(50, 60),)))
    assert mask.iou(Mask.from_plane(LEFT & ~RIGHT)) > 0.8


def test_one_click_gives_an_object_cut_off_by_the_rim() -> None:
    cut = disc(2, 70, 15, SHAPE)
    image = embedded(np.where(cut, 0.7, 0.1).astype(np.float32))
    assert answer(image, Prompt((Point(70, 6),))).iou(Mask.from_plane(cut)) > 0.85


def test_one_click_on_a_coin_gives_the_coin() -> None:
    coins = data.coins()
    filled = ndimage.binary_fill_holes(ndimage.gaussian_filter(coins.astype(float), 2) > 120)
    labels, _ = ndimage.label(ndimage.binary_opening(filled, iterations=4))
    image = SEGMENTER.embed(plane_from_array(coins))
    found = []
    for index, box in enumerate(ndimage.find_objects(labels), start=1):
        coin = Mask.from_plane(labels == index)
        height, width = coin.pixels.shape
        # coins that the threshold joins with their shadow are no truth
        if coin.area > 800 and abs(height - width) < 6 and coin.area > 0.72 * height * width:
            middle = Point(box[1].start + width / 2, box[0].start + height / 2)
            found.append(answer(image, Prompt((middle,))).iou(coin))
    assert len(found) > 8
    assert np.median(found) > 0.85


def test_box_gives_the_object_in_it() -> None:
    image = embedded(np.where(LEFT | RIGHT, 0.7, 0.1).astype(np.float32))
    truth = Mask.from_plane(RIGHT)
    assert answer(image, Prompt(box=truth.box)).iou(truth) > 0.85


def test_box_of_a_hollow_region_gives_the_region_without_its_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Mask.from_plane(disc(60, 70, 34, SHAPE) & ~disc(60, 70, 22, SHAPE))
    image = embedded(np.where(ring.to_plane(SHAPE), 0.8, 0.1).astype(np.float32))
    monkeypatch.setattr(segmenter, "regions_of", lambda *_: (SimpleNamespace(mask=ring),))
    first = SEGMENTER.segment(image, [Prompt(box=ring.box)])[0]
    assert first.mask().same_as(ring)
    points = choose_points(first, ring.box, 20)
    assert answer(image, Prompt(points, box=ring.box)).same_as(ring)
    inner = Prompt((Point(70, 60),), box=ring.box)
    assert not answer(image, inner).same_as(ring)


def test_points_of_a_second_pass_do_no_harm() -> None:
    image = embedded(np.where(LEFT | RIGHT, 0.7, 0.1).astype(np.float32))
    truth = Mask.from_plane(LEFT)
    first = SEGMENTER.segment(image, [Prompt(box=truth.box)])[0]
    points = choose_points(first, truth.box, 20)
    assert len(points) == 20
    assert answer(image, Prompt(points, box=truth.box)).iou(truth) > first.mask().iou(truth) - 0.01


def test_points_that_the_answer_to_their_box_agrees_with_change_nothing() -> None:
    image = embedded(np.where(LEFT | RIGHT, 0.7, 0.1).astype(np.float32))
    boxes = [Mask.from_plane(side).box for side in (LEFT, RIGHT)]
    first = SEGMENTER.segment(image, [Prompt(box=box) for box in boxes])
    points = [choose_points(logits, box, 20) for logits, box in zip(first, boxes, strict=True)]
    second = SEGMENTER.segment(image, [Prompt(p, box=b) for p, b in zip(points, boxes, strict=True)])
    anew = answer(
        embedded(np.where(LEFT | RIGHT, 0.7, 0.1).astype(np.float32)), Prompt(points[1], box=boxes[1])
    )
    assert all(a.mask().same_as(b.mask()) for a, b in zip(first, second, strict=True))
    assert anew.same_as(first[1].mask())
    outside = Prompt((*points[1], Point(2, 2, positive=False)), box=boxes[1])
    against = Prompt((*points[1], Point(points[1][0].x, points[1][0].y, positive=False)), box=boxes[1])
    assert answer(image, outside).same_as(first[1].mask())
    assert not answer(image, against).same_as(first[1].mask())


def test_more_boxes_than_are_searched_together_are_answered_each() -> None:
    image = embedded(np.where(LEFT | RIGHT, 0.7, 0.1).astype(np.float32))
    boxes = [(30.0 + k, 40.0, 70.0 + k, 80.0) for k in range(3 * segmenter.TOGETHER)]
    found = SEGMENTER.segment(image, [Prompt(box=box) for box in boxes])
    alone = embedded(np.where(LEFT | RIGHT, 0.7, 0.1).astype(np.float32))
    for k in (0, 20, -1):
        assert answer(alone, Prompt(box=boxes[k])).iou(found[k].mask()) > 0.99
    assert len(image.in_boxes) <= 2 * segmenter.TOGETHER


def test_negative_click_takes_away_and_positive_click_adds() -> None:
    both = Mask.from_plane(LEFT | RIGHT)
    image = embedded(np.where(LEFT | RIGHT, 0.7, 0.1).astype(np.float32))
    less = answer(image, Prompt((Point(50, 60), Point(78, 60, positive=False)), mask=both))
    assert less.iou(Mask.from_plane(LEFT & ~RIGHT)) > 0.75
    more = answer(image, Prompt((Point(50, 60), Point(76, 60)), mask=Mask.from_plane(LEFT & ~RIGHT)))
    assert more.iou(both) > 0.75


@pytest.mark.parametrize("seed", range(4))
def test_clicks_end_up_on_their_side(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = embedded(ndimage.gaussian_filter(rng.random(SHAPE), 4).astype(np.float32) * 5 - 2)
    prompt = Prompt()
    for number in range(6):
        x, y = int(rng.integers(10, 140)), int(rng.integers(10, 110))
        prompt = prompt.with_points(Point(x, y, positive=number % 2 == 0))
        mask = answer(image, prompt)
        plane = mask.to_plane(SHAPE)
        assert all(plane[int(p.y), int(p.x)] == p.positive for p in prompt.points[-1:])
        prompt = Prompt(prompt.points, mask=mask)


def test_clicking_converges_on_an_object_that_is_no_star() -> None:
    ring = disc(60, 70, 30, SHAPE) & ~disc(60, 70, 17, SHAPE) & (np.arange(SHAPE[1]) < 80)
    image = embedded(np.where(ring, 0.7, 0.1).astype(np.float32))
    trial = simulate(lambda prompt: answer(image, prompt), Mask.from_plane(ring), target=0.7)
    assert trial.reached


def test_mask_alone_is_kept_about_as_it_is() -> None:
    image = embedded(np.where(ONE, 0.8, 0.1).astype(np.float32))
    truth = Mask.from_plane(ONE)
    assert answer(image, Prompt(mask=truth)).iou(truth) > 0.9


def test_prompt_without_a_place_gives_nothing() -> None:
    image = embedded(np.where(ONE, 0.8, 0.1).astype(np.float32))
    for prompt in (Prompt(), Prompt((Point(5, 5, positive=False),))):
        logits = SEGMENTER.segment(image, [prompt])[0]
        assert logits.mask().area == 0
        assert logits.score == 0


def test_answers_come_in_the_order_of_prompts_and_do_not_depend_on_each_other() -> None:
    image = embedded(np.where(LEFT | RIGHT, 0.7, 0.1).astype(np.float32))
    prompts = [Prompt((Point(50, 60),)), Prompt((Point(80, 60),)), Prompt((Point(20, 20),))]
    together = SEGMENTER.segment(image, prompts)
    alone = [SEGMENTER.segment(image, [p])[0] for p in prompts]
    assert all(a.mask().same_as(b.mask()) for a, b in zip(together, alone, strict=True))


def test_answer_is_a_window_with_a_score() -> None:
    image = embedded(np.where(ONE, 0.8, 0.1).astype(np.float32))
    logits = SEGMENTER.segment(image, [Prompt((Point(70, 60),))])[0]
    assert logits.values.dtype == np.float32
    assert max(logits.values.shape) < 60
    assert 0.5 < logits.score <= 1


def test_clear_object_scores_above_noise() -> None:
    clear = embedded(np.where(ONE, 0.8, 0.1).astype(np.float32))
    noise = embedded(np.full(SHAPE, 0.5, np.float32), noise=0.2)
    ask = [Prompt((Point(70, 60),))]
    assert SEGMENTER.segment(clear, ask)[0].score > SEGMENTER.segment(noise, ask)[0].score + 0.2


@pytest.mark.parametrize("shape", [(8, 8), (8, 300), (300, 9)])
def test_small_and_narrow_images_are_answered(shape: tuple[int, int]) -> None:
    image = embedded(disc(4, 4, 2.5, shape).astype(np.float32))
    tiny = Prompt((Point(7, 7),), box=(0, 0, 1, 1))
    for prompt in (Prompt((Point(4, 4),)), Prompt(box=(1, 1, 7, 7)), tiny):
        logits = SEGMENTER.segment(image, [prompt])[0]
        mask = logits.mask()
        assert mask.to_plane(shape).sum() == mask.area


def test_clicks_outside_the_image_are_borne() -> None:
    image = embedded(np.where(ONE, 0.8, 0.1).astype(np.float32))
    assert answer(image, Prompt((Point(-20, 500),))).to_plane(SHAPE).shape == SHAPE
