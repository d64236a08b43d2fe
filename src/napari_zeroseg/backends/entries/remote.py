"""Models on a server of this program, for every role."""

from __future__ import annotations

from napari_zeroseg.backends.entry import Entry, Role

_MODELS = "napari_zeroseg.backends.remote.models"
_CLASSES = {
    Role.TAGGER: "RemoteTagger",
    Role.CAPTIONER: "RemoteCaptioner",
    Role.REFINER: "RemoteRefiner",
    Role.DETECTOR: "RemoteDetector",
    Role.SEGMENTER: "RemoteSegmenter",
    Role.SEEKER: "RemoteSeeker",
    Role.EXTRACTOR: "RemoteExtractor",
    Role.CLASSIFIER: "RemoteClassifier",
    Role.ENCODER: "RemoteEncoder",
    Role.DETAIL: "RemoteDetail",
}

ENTRIES = tuple(
    Entry(
        role,
        "remote:*",
        f"{_MODELS}:{name}",
        "A model on a server that you choose (napari-zeroseg serve); sends images, after consent",
        "That of the model",
    )
    for role, name in _CLASSES.items()
)
