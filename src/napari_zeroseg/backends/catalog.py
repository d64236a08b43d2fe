"""The backends there are and the profiles that choose among them: nothing here imports a model."""

from __future__ import annotations

from napari_zeroseg.backends.entries import (
    detectors,
    embedded,
    encoders,
    language,
    parts,
    recognisers,
    remote,
    segmenters,
)
from napari_zeroseg.backends.entry import Entry, Role
from napari_zeroseg.core.errors import MissingBackendError
from napari_zeroseg.core.method import Method

ENTRIES = (
    *embedded.ENTRIES,
    *language.ENTRIES,
    *recognisers.ENTRIES,
    *detectors.ENTRIES,
    *segmenters.ENTRIES,
    *parts.ENTRIES,
    *encoders.ENTRIES,
    *remote.ENTRIES,
)

_IN_THE_LOOP = (Role.TAGGER, Role.CAPTIONER, Role.REFINER, Role.SEGMENTER, Role.SEEKER)
"""Asked with every method: for suggestions, and when a person corrects."""
ROLES: dict[Method, tuple[Role, ...]] = {
    Method.GROUNDED: (*_IN_THE_LOOP, Role.DETECTOR),
    Method.FREESEG_DIFF: (*_IN_THE_LOOP, Role.EXTRACTOR, Role.CLASSIFIER),
    Method.LMSEG: (*_IN_THE_LOOP, Role.ENCODER, Role.DETAIL),
}
"""The roles that each method asks."""

PROFILES: dict[str, dict[Role, str]] = {
    "embedded": {
        Role.TAGGER: "embedded:regions",
        Role.CAPTIONER: "embedded:regions",
        Role.REFINER: "embedded:book",
        Role.DETECTOR: "embedded:regions",
        Role.SEGMENTER: "embedded:regions",
        Role.SEEKER: "embedded:regions",
        Role.EXTRACTOR: "embedded:texture",
        Role.CLASSIFIER: "embedded:regions",
        Role.ENCODER: "embedded:regions",
        Role.DETAIL: "embedded:scales",
    },
    "laptop": {
        Role.TAGGER: "florence2:base",
        Role.CAPTIONER: "florence2:base",
        Role.REFINER: "embedded:book",
        Role.DETECTOR: "grounding-dino:tiny",
        Role.SEGMENTER: "sam2:hiera-tiny",
        Role.SEEKER: "embedded:regions",
        Role.EXTRACTOR: "embedded:texture",
        Role.CLASSIFIER: "clip:vit-b-32",
        Role.ENCODER: "clip:vit-b-16",
        Role.DETAIL: "sam:vit-b",
    },
    "paper": {
        Role.TAGGER: "ram:plus-swin-l",
        Role.CAPTIONER: "blip2:opt-2.7b",
        Role.REFINER: "embedded:book",  # the paper's language model is a server that a person chooses
        Role.DETECTOR: "grounding-dino:swint-ogc",
        Role.SEGMENTER: "sam-hq:vit-l",
        Role.SEEKER: "embedded:regions",
        Role.EXTRACTOR: "sd:1.5",
        Role.CLASSIFIER: "clip:vit-b-32",
        Role.ENCODER: "clip:vit-b-16",
        Role.DETAIL: "sam:vit-b",
    },
    "sam3": {
        Role.TAGGER: "florence2:base",
        Role.CAPTIONER: "florence2:base",
        Role.REFINER: "embedded:book",
        Role.DETECTOR: "sam3:concept",
        Role.SEGMENTER: "sam3:tracker",
        Role.SEEKER: "embedded:regions",
        Role.EXTRACTOR: "sd:1.5",
        Role.CLASSIFIER: "clip:vit-b-32",
        Role.ENCODER: "clip:vit-b-16",
        Role.DETAIL: "sam:vit-b",
    },
}


def find(role: Role, name: str) -> Entry:
    """Return the entry of a backend.

    Raises
    ------
    MissingBackendError
        When there is none of that name for the role; the text lists those there are.
    """
    for entry in ENTRIES:
        if entry.role is role and entry.answers_to(name):
            return entry
    known = ", ".join(e.name for e in ENTRIES if e.role is role)
    raise MissingBackendError(f"There is no {role} '{name}'.", remedy=f"Choose one of: {known}.")


def profile(name: str, method: Method = Method.GROUNDED) -> dict[Role, str]:
    """Return the backend of each role that a method asks in a profile, or raise MissingBackendError."""
    if name not in PROFILES:
        raise MissingBackendError(
            f"There is no profile '{name}'.", remedy=f"Choose one of: {', '.join(PROFILES)}."
        )
    return {role: backend for role, backend in PROFILES[name].items() if role in ROLES[method]}
