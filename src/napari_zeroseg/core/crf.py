"""Mean-field inference in a dense conditional random field, which draws labels to image edges.

After Krähenbühl & Koltun, Efficient Inference in Fully Connected CRFs with Gaussian Edge
Potentials, NIPS 2011: every pixel talks with every other one, through a kernel of nearness in
place (smoothness) and one of nearness in place and colour (appearance), eq. (3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.bilateral import BilateralFilter
from napari_zeroseg.core.blur import blurred
from napari_zeroseg.core.cancellation import interruptible
from napari_zeroseg.core.palette import Palette

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CrfParameters:
    """The two kernels of the field, and how often pixels talk.

    Labels that differ cost the kernels' weights, whichever they are (the Potts model).

    Parameters
    ----------
    appearance_weight : float
        Of the kernel of place and colour; w⁽¹⁾ in eq. (3).
    appearance_sigma : float
        Its standard deviation in place, in pixels, at least 1; θα.
    color_sigma : float
        Its standard deviation in colour, where channels go from 0 to 1; θβ.
    smoothness_weight : float
        Of the kernel of place alone; w⁽²⁾.
    smoothness_sigma : float
        Its standard deviation in pixels; θγ.
    iterations : int
        Rounds of mean-field updates.

    Raises
    ------
    ValueError
        When a number is out of range.
    """

    appearance_weight: float = 10.0
    appearance_sigma: float = 20.0
    color_sigma: float = 0.1
    smoothness_weight: float = 3.0
    smoothness_sigma: float = 3.0
    iterations: int = 10

    def __post_init__(self) -> None:
        if self.appearance_sigma < 1 or self.smoothness_sigma <= 0 or self.color_sigma <= 0:
            raise ValueError("appearance_sigma must be at least 1, the other sigmas positive")
        if min(self.appearance_weight, self.smoothness_weight, self.iterations) < 0:
            raise ValueError("weights and iterations must not be negative")


def marginals(unary: Floats, plane: Plane, parameters: CrfParameters = CrfParameters()) -> Floats:
    """Return each label's probability at each pixel by mean-field inference (algorithm 1).

    A pixel i gets from label l the message w Σ_{j≠i} k(i, j) Q_j(l) / √(n_i n_j) with
    n_i = Σ_j k(i, j): kernels are normalised symmetrically, as in the authors' program, over all
    pixels; but as in the paper no pixel talks to itself.

    Parameters
    ----------
    unary : ndarray of float32, shape (L, H, W)
        Negative logarithms of the probabilities that are known of each pixel alone.
    plane : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    parameters : CrfParameters
        Kernels and number of iterations.

    Returns
    -------
    ndarray of float32, shape (L, H, W)
        Sums to 1 over labels.

    Raises
    ------
    ValueError
        When the shapes do not belong together, or there are fewer than two labels.
    CancelledError
        When the work that calls has been called off.
    """
    if unary.ndim != 3 or len(unary) < 2 or plane.shape != (*unary.shape[1:], 3):
        raise ValueError(f"a unary of shape {unary.shape} does not belong to a plane of shape {plane.shape}")
    known = -unary.astype(np.float32)
    kernels = list(_kernels(plane, parameters))
    found = _softmax(known)
    for _ in interruptible(range(parameters.iterations)):
        energy = known.copy()
        for kernel in kernels:
            kernel.add_messages(found, energy)
        found = _softmax(energy)
    return found


def _softmax(energy: Floats) -> Floats:
    weights = np.exp(energy - energy.max(axis=0))
    return np.asarray(weights / weights.sum(axis=0))


def _kernels(plane: Plane, parameters: CrfParameters) -> Iterator[_Kernel]:
    if parameters.smoothness_weight:
        sigma = parameters.smoothness_sigma

        def smoothed(planes: Floats) -> Floats:
            return blurred(planes, sigma, (1, 2))

        ones = np.ones(plane.shape[:2], np.float32)
        yield _Kernel.of(smoothed, ones, ones, parameters.smoothness_weight)
    if parameters.appearance_weight:
        palette = Palette.of(plane, parameters.color_sigma)
        bilateral = BilateralFilter(palette, parameters.appearance_sigma)
        own, least = bilateral.self_weight, bilateral.place_weight
        yield _Kernel.of(bilateral, own, least, parameters.appearance_weight)


@dataclass(frozen=True, slots=True, eq=False)
class _Kernel:
    """A kernel with its symmetric normalisation.

    Parameters
    ----------
    summed : callable
        Returns the kernel's sums over all pixels of planes (C, H, W).
    own : ndarray of float32, shape (H, W)
        The part of a pixel in its own sum.
    scale : ndarray of float32, shape (H, W)
        1 / √n.
    of_all : ndarray of float32, shape (H, W)
        The messages of all labels together, which stay the same.
    weight : float
        Of the messages.
    """

    summed: Callable[[Floats], Floats]
    own: Floats
    scale: Floats
    of_all: Floats = field(repr=False)
    weight: float

    @classmethod
    def of(cls, summed: Callable[[Floats], Floats], own: Floats, least: Floats, weight: float) -> _Kernel:
        # what a pixel gives itself is the least that its sum can be; of a rare colour, which the short
        # vectors miss, it may come out as less, even below 0
        scale = 1 / np.sqrt(np.maximum(summed(np.ones((1, *own.shape), np.float32))[0], least))
        of_all = scale * (summed(scale[None])[0] - own * scale)
        return cls(summed, own, scale, of_all, weight)

    def add_messages(self, found: Floats, energy: Floats) -> None:
        """Add the messages of labels, (L, H, W), to the energy of the same shape.

        Probabilities sum to 1 over labels, so the last label's messages need no sum of their own.
        """
        given = found[:-1] * self.scale
        messages = self.scale * (self.summed(given) - self.own * given)
        energy[:-1] += self.weight * messages
        energy[-1] += self.weight * (self.of_all - messages.sum(axis=0))
