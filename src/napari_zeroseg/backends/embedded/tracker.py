"""Follows objects from plane to plane by their colours, their shape and how they move; needs no weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded.appearance import GREY, Look, Samples, colors_of
from napari_zeroseg.backends.embedded.motion import REACH, Move, find_move
from napari_zeroseg.backends.embedded.stains import lab
from napari_zeroseg.backends.embedded.transfer import texture_of, transferred
from napari_zeroseg.core.mask import Logits, Mask
from napari_zeroseg.core.sequence import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

    Floats = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Window = tuple[slice, slice]

RING = (3.0, 0.6)
"""Width of the surround that an object is compared with: pixels, and part of its radius."""
AROUND = (4.0, 0.5)
"""Margin in which the object may be on the next plane: pixels, and part of its radius."""
BELIEF = 2.0
"""Evidence of a single pixel, as a log-likelihood ratio, that is believed at most."""
HINT = 1.0
"""The same in time, where every place is compared with those nearby that looked like it."""
STEADY = 2.0
"""Weight of the outline on the last plane, per :data:`SLACK` of depth under it."""
SLACK = (1.0, 0.15)
"""Depth under the outline over which it loses its say: pixels, and part of the radius."""
SURE = 3.0
"""Depth, in slacks, from which more says no more."""
GROWTH = 0.12
"""How far a section may grow beyond the last one, as a part of the radius."""
SMOOTH = (1.0, 0.1)
"""Gaussian sigma of what speaks for a pixel: at most in pixels, and as a part of the radius."""
OWN = 0.3
"""Part of a piece that must lie where the object is expected."""
DOUBT = 1.0
"""Squared distance of a thing and its surround, in standard deviations, that is no proof of absence."""
FEATHER = 10
"""Pixels around a window that its smoothed colours need."""


class EmbeddedTracker:
    """Follows objects without a model."""

    def track(self, kind: Kind) -> EmbeddedTrack:
        return EmbeddedTrack(kind)


@dataclass(frozen=True, eq=False)
class _Scene:
    """A plane, whose features are computed where they are asked for."""

    image: Plane

    @cached_property
    def grey(self) -> bool:
        return bool(np.abs(lab(self.image[::4, ::4])[..., 1:]).max() < GREY)

    @property
    def shape(self) -> tuple[int, int]:
        return self.image.shape[0], self.image.shape[1]

    def colors(self, window: Window) -> Floats:
        return self._computed(window, colors_of)

    def texture(self, window: Window) -> Floats:
        return self._computed(window, texture_of)

    def lab(self, window: Window) -> Floats:
        return self._computed(window, lambda values: values)

    def _computed(self, window: Window, of: Callable[[Floats], Floats]) -> Floats:
        wide = _grown(window, FEATHER, self.shape)
        values = lab(self.image[wide])
        found = of(values[..., :1] if self.grey else values)
        rows, cols = (slice(w.start - g.start, w.stop - g.start) for w, g in zip(window, wide, strict=True))
        return found[rows, cols]


@dataclass(frozen=True, slots=True, eq=False)
class _Followed:
    """An object, where it was seen last, and how it looks."""

    mask: Mask
    scene: _Scene
    samples: Samples
    look: Look

    @property
    def radius(self) -> float:
        return float(np.sqrt(self.mask.area / np.pi))


class EmbeddedTrack:
    """Objects that are followed, see :class:`napari_zeroseg.backends.tracking.Track`.

    Parameters
    ----------
    kind : Kind
        In depth, an object stays where it is, and cannot grow by much from one section to the next.
        In time it is looked for nearby, smaller and larger.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._followed: dict[int, _Followed] = {}
        self._scene: _Scene | None = None

    def look(self, image: Plane) -> dict[int, Logits]:
        self._scene = scene = _Scene(image)
        find = _section if self._kind is Kind.DEPTH else _moved
        return {number: find(followed, scene) for number, followed in self._followed.items()}

    def settle(self, masks: Mapping[int, Mask], keys: Collection[int] = ()) -> None:
        assert self._scene is not None
        for number, mask in masks.items():
            known = self._followed.get(number)
            if number in keys or known is None:
                others = [m for n, m in masks.items() if n != number]
                self._followed[number] = self._begun(mask, others, self._scene)
            else:
                self._followed[number] = self._updated(known, mask, self._scene)

    def forget(self, numbers: Collection[int]) -> None:
        for number in numbers:
            self._followed.pop(number, None)

    def _begun(self, mask: Mask, others: Collection[Mask], scene: _Scene) -> _Followed:
        # neighbours in depth are of the same sort as a rule: they are no surround to tell it from
        samples = _samples(mask, others if self._kind is Kind.DEPTH else (), scene)
        return _Followed(mask, scene, samples, Look.of(samples))

    def _updated(self, known: _Followed, mask: Mask, scene: _Scene) -> _Followed:
        if self._kind is Kind.DEPTH:
            return replace(known, mask=mask, scene=scene)
        # light and surround change with time; what a person accepted still counts as much
        look = Look.of(known.samples.joined(_samples(mask, (), scene)))
        return replace(known, mask=mask, scene=scene, look=look)


def _samples(mask: Mask, others: Collection[Mask], scene: _Scene) -> Samples:
    width = RING[0] + RING[1] * np.sqrt(mask.area / np.pi)
    window = _grown(mask.slices, int(width) + 1, scene.shape)
    inside = mask.within(window)
    away = ndi.distance_transform_edt(~inside)
    ring = (away > 1) & (away <= width)
    for other in others:
        ring &= ~other.within(window)
    return Samples.of(scene.colors(window), inside, ring)


def _section(followed: _Followed, scene: _Scene) -> Logits:
    """Return the next section of a body: where colours and the last outline together say it is."""
    radius = followed.radius
    window = _grown(followed.mask.slices, int(AROUND[0] + AROUND[1] * radius), scene.shape)
    before = followed.mask.within(window)
    depth = ndi.distance_transform_edt(before) - ndi.distance_transform_edt(~before)
    depth -= 0.5 * np.sign(depth)
    slack = SLACK[0] + SLACK[1] * radius
    colors = scene.colors(window)
    evidence = followed.look.evidence(colors)
    logits = np.clip(evidence, -BELIEF, BELIEF) + STEADY * np.clip(depth / slack, -SURE, SURE)
    logits = ndi.gaussian_filter(logits, _smoothing(radius))
    logits[depth <= -GROWTH * radius] = -BELIEF
    found = ndi.binary_fill_holes(_largest_in(logits > 0, before))
    logits = np.where(found, np.maximum(logits, 1e-3), np.minimum(logits, -1e-3))
    return _answer(window, logits, followed.look.presence(colors[found]))


def _moved(followed: _Followed, scene: _Scene) -> Logits:
    """Return where a thing is at the next moment: near where it moved to, on what looks like it."""
    move = _move(followed, scene)
    window = _after(followed.mask, move, scene.shape)
    before = move.within((window[0].start, window[1].start))
    expected = before.carried(followed.mask.within(window).astype(np.float32))
    texture = before.carried(followed.scene.texture(window))
    votes = transferred(texture, scene.texture(window), expected, float(np.sqrt(followed.mask.area)))
    colors = scene.colors(window)
    evidence = followed.look.evidence(colors)
    logits = ndi.gaussian_filter(votes + np.clip(evidence, -HINT, HINT), _smoothing(followed.radius))
    found = _pieces_in(logits > 0, expected > 0.5)
    logits = np.where(found, logits, np.minimum(logits, -1e-3))
    return _answer(window, logits, followed.look.presence(colors[found], DOUBT))


def _move(followed: _Followed, scene: _Scene) -> Move:
    longest = max(followed.mask.pixels.shape)
    reach = int(min(REACH[0] * longest, REACH[1]) + longest)
    window = _grown(followed.mask.slices, reach, scene.shape)
    corner = (window[0].start, window[1].start)
    local = Mask(
        (followed.mask.origin[0] - corner[0], followed.mask.origin[1] - corner[1]), followed.mask.pixels
    )
    move = find_move(followed.scene.lab(window), scene.lab(window), local)
    return move.within((-corner[0], -corner[1]))


def _after(mask: Mask, move: Move, shape: tuple[int, int]) -> Window:
    """Return a window that holds an object before and after a move, with a margin."""
    radius = float(np.sqrt(mask.area / np.pi))
    grown = (move.scale - 1) * max(mask.pixels.shape) / 2
    margin = int(AROUND[0] + AROUND[1] * radius + max(grown, 0) + max(map(abs, move.shift)))
    return _grown(mask.slices, margin, shape)


def _largest_in(found: Bools, expected: Bools) -> Bools:
    """Return the piece that shares most with where the object is expected."""
    labels, count = ndi.label(found)
    shared = np.bincount(labels[expected], minlength=count + 1)
    shared[0] = 0
    return np.asarray(labels == shared.argmax()) if shared.any() else np.zeros_like(found)


def _pieces_in(found: Bools, expected: Bools) -> Bools:
    """Return the pieces that lie, for a good part, where the object is expected."""
    labels, count = ndi.label(found)
    shared = np.bincount(labels[expected], minlength=count + 1)
    own = shared > OWN * np.bincount(labels.ravel(), minlength=count + 1)
    own[0] = False
    return np.asarray(own[labels])


def _smoothing(radius: float) -> float:
    return min(SMOOTH[0], SMOOTH[1] * radius)


def _answer(window: Window, logits: NDArray[np.floating], presence: float) -> Logits:
    return Logits((window[0].start, window[1].start), logits.astype(np.float32), max(presence, 0.0))


def _grown(window: Window, margin: int, shape: tuple[int, int]) -> Window:
    rows, cols = (
        slice(max(0, part.start - margin), min(size, part.stop + margin))
        for part, size in zip(window, shape, strict=True)
    )
    return rows, cols
