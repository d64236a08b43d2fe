"""Large planes are looked at around the prompts, at a cost that does not grow with the plane."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_zeroseg.backends.embedded.segmenter import EmbeddedSegmenter
from napari_zeroseg.backends.embeddings import RememberingSegmenter
from napari_zeroseg.core.channels import Channel, colored
from napari_zeroseg.core.mask import Logits, Mask
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.session.asking import FINEST, MARGIN, SIDE, WHOLE, View, answer, pixels_of, view_of
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.source import ImageSource
from tests.fakes import FakeBackend, fake_backends, source, squares

SHAPE = (5000, 9000)


class Plane:
    """A dark plane with bright rectangles, that notes what is read of it."""

    def __init__(self, shape=SHAPE, *rectangles):
        self.data = np.zeros(shape, np.uint8)
        for rows, cols in rectangles:
            self.data[rows, cols] = 200
        self.windows = []
        self.source = ImageSource("large", "large", shape, self._read)

    def _read(self, _plane, window):
        assert window is not None, "the whole plane was read"
        self.windows.append(window)
        return colored(Channel(), self.data[window], (0, 255))


class Looker:
    """Takes the bright pixels that hang together with the first point; notes what it saw."""

    def __init__(self):
        self.seen, self.asked = [], []

    def embed(self, image):
        self.seen.append(image.shape[:2])
        return image

    def segment(self, embedding, prompts):
        from scipy.ndimage import label

        self.asked += prompts
        parts, _ = label(embedding[..., 0] > 0.5)
        point = prompts[0].points[0]
        chosen = parts[round(point.y), round(point.x)]
        values = np.where((parts == chosen) & (chosen > 0), 1, -1).astype(np.float32)
        return [Logits((0, 0), values, 0.9)]


def at(y, x, **more):
    return Prompt((Point(x, y),), **more)


def test_a_small_plane_is_looked_at_as_a_whole() -> None:
    fake = FakeBackend()
    prompt = at(10, 10)
    assert answer(fake, source(), prompt).mask().area == 100
    assert fake.calls == {"embed": 1, "segment": 1}


def test_a_click_sees_one_window_at_full_resolution() -> None:
    plane, looker = Plane(SHAPE, (slice(3000, 3040), slice(7000, 7060))), Looker()
    found = answer(looker, plane.source, at(3010, 7010)).mask()
    assert (found.origin, found.pixels.shape) == ((3000, 7000), (40, 60))
    assert found.pixels.all()
    assert looker.seen == [(SIDE, SIDE)]
    assert len(plane.windows) == 1


def test_clicks_near_each_other_share_an_embedding_and_read_once() -> None:
    plane, looker = Plane(SHAPE, (slice(3000, 3040), slice(7000, 7060))), Looker()
    segmenter = RememberingSegmenter(looker)
    for y, x in ((3010, 7010), (3030, 7050), (3000, 7059)):
        answer(segmenter, plane.source, at(y, x))
    assert len(looker.seen) == len(plane.windows) == 1


def test_an_object_that_is_cut_off_is_asked_for_in_a_larger_window_once() -> None:
    plane, looker = Plane(SHAPE, (slice(3000, 4200), slice(7000, 7060))), Looker()
    found = answer(looker, plane.source, at(3010, 7010)).mask()
    assert len(looker.seen) == 2
    assert found.origin == (3000, 7000)
    assert found.pixels.shape[0] > 500  # what the next click, with this mask as prior, sees whole
    found = answer(looker, plane.source, at(3010, 7010, mask=found)).mask()
    assert (found.origin, found.pixels.shape) == ((3000, 7000), (1200, 60))
    assert found.pixels.all()


def test_a_speck_at_the_windows_border_is_no_reason_to_look_again() -> None:
    plane = Plane(SHAPE, (slice(3000, 3040), slice(7000, 7060)))

    class Specked(Looker):
        def segment(self, embedding, prompts):
            (found,) = super().segment(embedding, prompts)
            found.values[0, :5] = 1
            return [found]

    looker = Specked()
    assert answer(looker, plane.source, at(3010, 7010)).mask().area == 2405
    assert len(looker.seen) == 1


def test_an_object_at_the_planes_border_is_not_cut_off() -> None:
    plane, looker = Plane(SHAPE, (slice(4900, 5000), slice(0, 80))), Looker()
    found = answer(looker, plane.source, at(4950, 10)).mask()
    assert (found.origin, found.area) == ((4900, 0), 8000)
    assert len(looker.seen) == 1


def test_huge_objects_are_seen_at_a_lower_resolution_in_bounded_memory() -> None:
    rows, cols = slice(640, 4512), slice(1280, 8512)
    plane, looker = Plane(SHAPE, (rows, cols)), Looker()
    prompt = at(2000, 4000, box=(1300.0, 650.0, 8500.0, 4500.0))
    found = answer(looker, plane.source, prompt).mask()
    assert max(looker.seen[0]) <= FINEST + 1
    assert all(w.stop - w.start <= FINEST for window in plane.windows for w in window)
    assert found.iou(Mask((640, 1280), np.ones((3872, 7232), bool))) > 0.99


def test_box_points_and_prior_mask_go_into_the_view_together() -> None:
    prior = Mask((3005, 7005), np.ones((20, 30), bool))
    prompt = Prompt((Point(7010, 3010), Point(7100, 3100, False)), (7000.0, 3000.0, 7060.0, 3040.0), prior)
    view = View((2560, 3584), (6656, 7680))
    inside = view.within(prompt)
    assert inside.points == (Point(354, 450), Point(444, 540, False))
    assert inside.box == (344, 440, 404, 480)
    assert (inside.mask.origin, inside.mask.area) == ((445, 349), 600)
    coarse = View((2048, 6144), (4096, 8192), 2).within(prompt)
    assert coarse.points[0] == Point(1456.75, 480.75)
    assert coarse.mask.same_as(Mask((478, 1454), np.ones((10, 15), bool)))


spots = st.tuples(st.floats(0, SHAPE[0] - 2), st.floats(0, SHAPE[1] - 2))


@given(spots, st.floats(1, 6000), st.floats(1, 6000))
def test_a_view_lies_in_the_plane_and_holds_the_prompts_with_a_margin(spot, height, width) -> None:
    y0, x0 = spot
    y1, x1 = min(y0 + height, SHAPE[0]), min(x0 + width, SHAPE[1])
    view = view_of((x0, y0, x1, y1), SHAPE)
    for (start, stop), low, high, length in ((view.rows, y0, y1, SHAPE[0]), (view.cols, x0, x1, SHAPE[1])):
        assert 0 <= start < stop <= length
        assert start == 0 or low - start >= MARGIN * (stop - start)
        assert stop == length or stop - high >= MARGIN * (stop - start)
        assert (stop - start) / view.step <= FINEST


@given(spots)
def test_a_point_always_fits_into_the_smallest_window(spot) -> None:
    y, x = spot
    view = view_of((x, y, x + 1, y + 1), SHAPE)
    assert view.step == 1
    assert max(stop - start for start, stop in (view.rows, view.cols)) == SIDE


def test_what_is_read_is_averaged_over_whole_blocks_and_at_the_rim() -> None:
    plane = Plane((4097, 6000), (slice(0, 4097, 2), slice(None)))
    pixels = pixels_of(plane.source, View((0, 4097), (0, 4096), 2))
    assert pixels.shape == (2049, 2048, 3)
    np.testing.assert_allclose(pixels[:-1], 100 / 255, atol=1e-6)
    np.testing.assert_allclose(pixels[-1], 200 / 255, atol=1e-6)


def test_an_image_that_is_gone_is_not_kept() -> None:
    plane = Plane()
    pixels_of(plane.source, View((0, 64), (0, 64)))
    gone = weakref.ref(plane)
    del plane
    gc.collect()
    assert gone() is None


def test_the_embedded_segmenter_answers_in_a_large_plane_as_in_a_crop_of_it() -> None:
    rng = np.random.default_rng(0)
    data = np.full((2000, 2200), 30, np.uint8)
    rows, cols = np.ogrid[:2000, :2200]
    data[np.hypot(rows - 900, cols - 1300) < 40] = 180
    data = (data + rng.integers(0, 9, data.shape)).astype(np.uint8)
    disc = np.hypot(rows - 900, cols - 1300) < 40

    def read(_plane, window):
        return colored(Channel(), data[window], (0, 255))

    found = answer(EmbeddedSegmenter(), ImageSource("d", "d", data.shape, read), at(890, 1310)).mask()
    assert found.iou(Mask.from_plane(disc)) > 0.9


@pytest.mark.parametrize("size", [64, WHOLE + 500])
def test_a_session_draws_in_planes_of_any_size(size) -> None:
    session = Session(backends=fake_backends)
    session.open(source(squares(size)))
    session.add_classes("bright")
    session.begin("bright")
    session.click(8, 8)
    assert session.state.draft.mask.area == 100
    session.click(9, 12, positive=False)
    assert session.state.draft.mask.area == 90
