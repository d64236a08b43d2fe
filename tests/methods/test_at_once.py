"""A method that looks at a plane at once sees a large one shrunk, and its masks lie on the plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.events import Detected, Event, Found
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods import at_once
from napari_zeroseg.methods.choice import Grants
from napari_zeroseg.methods.job import Job
from napari_zeroseg.session.source import seen_at_once, whole
from tests.fakes import fake_backends

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane

VOCABULARY = Vocabulary.parse("bright")
BRIGHT = (slice(120, 200), slice(64, 96))
REGION = (slice(100, 220), slice(40, 120))


def _image() -> Plane:
    image = np.zeros((240, 160, 3), np.float32)
    image[BRIGHT] = 1.0
    return image


def _bright(image: Plane, job: Job, claims: Grants) -> Iterator[Event]:
    mask = Mask((0, 0), image[..., 0] > 0.5).trimmed()
    yield Detected((Detection(mask.box, 0.9, "bright", "bright"),), ())
    granted = claims.claim(Instance(1, "bright", mask, 0.9, provenance=job.provenance))
    assert granted is not None
    yield Found(granted)


@pytest.mark.parametrize("region", [None, REGION])
@pytest.mark.parametrize("side", [1000, 60, 30])
def test_masks_and_boxes_lie_on_the_plane(region: tuple[slice, slice] | None, side: int) -> None:
    view = seen_at_once(whole("image", _image()), region, 0, side)
    assert max(view.pixels.shape) <= side
    job = Job(VOCABULARY, ["bright"], fake_backends(), Recipe(), Provenance())
    detected, found = at_once.segment(view, job, Claims(VOCABULARY), _bright)
    assert detected.window == region
    assert detected.detections[0].box == (64, 120, 96, 200)
    assert found.instance.mask.slices == BRIGHT
    assert found.instance.mask.pixels.all()
