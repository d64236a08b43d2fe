"""Find more of what a person has accepted: by likeness, where words fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.core.events import Event, Found, Progress, Sought, StageStarted
from napari_zeroseg.core.instance import Instance, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.backends.roles import Seeker
    from napari_zeroseg.core.compose import Claims
    from napari_zeroseg.core.exemplars import Exemplars
    from napari_zeroseg.core.image import Plane

METHOD = "exemplar"


def seek(
    image: Plane,
    name: str,
    exemplars: Exemplars,
    seeker: Seeker,
    claims: Claims,
    provenance: Provenance,
) -> Iterator[Event]:
    """Propose what is alike to the examples of a class.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    name : str
        The class.
    exemplars : Exemplars
        What a person accepted and rejected, and what was proposed before.
    seeker : Seeker
        Is asked.
    claims : Claims
        Knows which pixels are a person's.
    provenance : Provenance
        What all instances of this run have in common.

    Yields
    ------
    Event
        Stages, ``Sought``, ``Found`` by falling likeness, ``Progress``.
    """
    yield StageStarted(f"Looking for more like {len(exemplars.accepted)} of {name}")
    found = seeker.seek(image, exemplars)
    yield Sought(name)
    for number, alike in enumerate(found, 1):
        granted = claims.claim(Instance(0, name, alike.mask, alike.score, provenance=provenance))
        if granted is not None:
            yield Found(granted)
        yield Progress(number, len(found))
