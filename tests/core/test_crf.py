"""Mean-field inference beside the same with all pairs of pixels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.crf import CrfParameters, marginals

SIDE = 24
FIELDS = {
    "wide": CrfParameters(3.0, 20.0, 0.1, 1.0, 3.0),
    "narrow": CrfParameters(3.0, 4.0, 0.1, 1.0, 1.0),
    "strong": CrfParameters(5.0, 10.0, 0.13, 0.0, 3.0),
    "smooth": CrfParameters(3.0, 5.0, 0.2, 3.0, 1.5),
    "of the whole plane": CrfParameters(3.0, 40.0, 0.06, 1.0, 3.0),
    "usual": CrfParameters(),
}


def _unary(labels: int, rng: np.random.Generator) -> NDArray[np.float32]:
    likely = rng.random((labels, SIDE, SIDE)) ** 2 + 0.02
    return -np.log(likely / likely.sum(0)).astype(np.float32)


def _noise(rng: np.random.Generator) -> NDArray[np.float32]:
    return rng.random((SIDE, SIDE, 3), np.float32)


def _clouds(rng: np.random.Generator) -> NDArray[np.float32]:
    soft = gaussian_filter(_noise(rng), (3, 3, 0))
    return (soft - soft.min()) / np.ptp(soft)


def _grey(rng: np.random.Generator) -> NDArray[np.float32]:
    return np.repeat(_noise(rng)[..., :1], 3, axis=2)


def _all_pairs(
    unary: NDArray[np.float32], plane: NDArray[np.float32], field: CrfParameters
) -> NDArray[np.float64]:
    places = np.indices(plane.shape[:2]).reshape(2, -1).T
    apart = _squared_distances(places.astype(float))
    colors = _squared_distances(plane.reshape(-1, 3).astype(float))
    near = np.exp(-apart / (2 * field.smoothness_sigma**2))
    alike = np.exp(-apart / (2 * field.appearance_sigma**2) - colors / (2 * field.color_sigma**2))
    coupling = field.smoothness_weight * _normalised(near) + field.appearance_weight * _normalised(alike)
    known = -unary.reshape(len(unary), -1).astype(float)
    found = _softmax(known)
    for _ in range(field.iterations):
        found = _softmax(known + found @ coupling)
    return found.reshape(unary.shape)


def _squared_distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return ((points[:, None] - points) ** 2).sum(-1)


def _normalised(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    totals = kernel.sum(1)
    messages = kernel / np.sqrt(totals[:, None] * totals)
    np.fill_diagonal(messages, 0)
    return messages


def _softmax(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(energy - energy.max(0))
    return weights / weights.sum(0)


@pytest.mark.parametrize("image", [_noise, _clouds, _grey])
@pytest.mark.parametrize("name", FIELDS)
def test_marginals_are_those_of_all_pairs(name: str, image) -> None:
    for seed, labels in ((0, 2), (1, 5)):
        rng = np.random.default_rng(seed)
        unary, plane = _unary(labels, rng), image(rng)
        found = marginals(unary, plane, FIELDS[name])
        expected = _all_pairs(unary, plane, FIELDS[name])
        assert np.abs(found - expected).max() < 0.02
        assert np.abs(expected - _softmax(-unary)).max() > 0.1  # the field does something


def test_marginals_are_probabilities_of_the_shape_of_the_unary() -> None:
    rng = np.random.default_rng(0)
    plane = rng.random((37, 51, 3), np.float32)
    found = marginals(rng.random((3, 37, 51), np.float32), plane)
    assert found.dtype == np.float32
    assert found.shape == (3, 37, 51)
    assert np.allclose(found.sum(0), 1, atol=1e-5)


def test_without_rounds_or_weights_pixels_stand_alone() -> None:
    rng = np.random.default_rng(0)
    unary, plane = _unary(3, rng), _noise(rng)
    alone = _softmax(-unary)
    assert np.allclose(marginals(unary, plane, CrfParameters(iterations=0)), alone, atol=1e-6)
    weightless = CrfParameters(appearance_weight=0, smoothness_weight=0)
    assert np.allclose(marginals(unary, plane, weightless), alone, atol=1e-6)


def test_labels_follow_the_edge_of_the_image() -> None:
    plane = np.zeros((40, 40, 3), np.float32)
    plane[:, 20:] = 0.8
    likely = np.full((40, 40), 0.3, np.float32)
    likely[:, 16:] = 0.7  # four columns too far to the left
    unary = -np.log(np.stack([1 - likely, likely]))
    found = marginals(unary, plane).argmax(0)
    assert np.array_equal(found, plane[..., 0] > 0)


def test_one_colour_and_one_row_are_no_special_case() -> None:
    flat = np.full((9, 9, 3), 0.5, np.float32)
    assert np.allclose(marginals(np.zeros((2, 9, 9), np.float32), flat), 0.5)
    assert np.allclose(marginals(np.zeros((2, 1, 9), np.float32), flat[:1]), 0.5)


@pytest.mark.parametrize("shape", [(2, 8, 9), (9, 8), (1, 9, 8)])
def test_shapes_must_belong_together(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="does not belong"):
        marginals(np.zeros(shape, np.float32), np.zeros((9, 8, 3), np.float32))


@pytest.mark.parametrize(
    "wrong", [{"appearance_sigma": 0.5}, {"color_sigma": 0.0}, {"iterations": -1}, {"smoothness_weight": -1}]
)
def test_parameters_have_a_range(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        CrfParameters(**wrong)


def test_inference_can_be_called_off() -> None:
    called_off = Cancellation()
    called_off.cancel()
    with cancelled_by(called_off), pytest.raises(CancelledError):
        marginals(np.zeros((2, 16, 16), np.float32), np.zeros((16, 16, 3), np.float32))


def test_colours_that_the_short_vectors_miss_do_no_harm() -> None:
    rng = np.random.default_rng(0)
    side = 96
    plane = np.clip(gaussian_filter(rng.random((side, side, 3)), (12, 12, 0)), 0.4, 0.6)
    plane = np.clip((plane - 0.4) * 5 + rng.normal(0, 0.25, plane.shape), 0, 1).astype(np.float32)
    unary = np.stack([np.full((side, side), value, np.float32) for value in (0.1, 2.3)])
    found = marginals(unary, plane, CrfParameters(iterations=2, color_sigma=10 / 255, appearance_sigma=20))
    assert np.isfinite(found).all()
    assert (found[0] > 0.5).all()
