"""Tags from RAM++, and, by descriptions, for classes that it was never taught."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.clip_text import ClipText
from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.pixels import IMAGENET, squeezed
from napari_zeroseg.backends.ram.network import image_states, tag_logits
from napari_zeroseg.backends.ram.tag_list import TagList, read_tag_list
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.core.cancellation import interruptible
from napari_zeroseg.core.descriptions import descriptions
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.patches import patches
from napari_zeroseg.core.suggestion import Tag, united

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.vocabulary import TargetClass

WEIGHTS = "ram_plus_swin_large_14m.pth"
TEXTS = "ram_tag_list.txt"
THRESHOLDS = "ram_tag_list_threshold.txt"
CLIP = "clip"
"""The folder, within that of the weights, of the encoder for descriptions."""
CLIP_SIZE = 254_000_000  # bytes of the text half of CLIP ViT-B/16

DESCRIPTIONS = 51  # of each of its own tags
OPEN_SET_THRESHOLD = 0.5  # the published one for classes that RAM++ was not taught
PATCHES_AT_ONCE = {"cpu": 1}  # the processor gains nothing from more
PATCHES_AT_ONCE_ELSEWHERE = 8


class RamTagger:
    """Says which of 4,585 tags, and which of the target classes, fit an image.

    Parameters
    ----------
    checkpoint : Checkpoint
        RAM++, its tag list, and CLIP's text encoder.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._clip = ClipText(
            f"{checkpoint.name} descriptions", lambda: checkpoint.folder() / CLIP, CLIP_SIZE
        )

    def tag(self, image: Plane) -> list[Tag]:
        """Return the tags above their own thresholds, best first; large images go in patches.

        Raises
        ------
        MissingBackendError, BadFileError
            When the weights are not there, or are others.
        CancelledError
            When the work was called off, between patches.
        """
        return self.tag_among(image, ())

    def tag_among(self, image: Plane, classes: Sequence[TargetClass]) -> list[Tag]:
        """Return tags as :meth:`tag` does, and among them the names of those classes that fit."""
        folder = self._checkpoint.folder()
        import_triton_apart()
        known = read_tag_list(folder / TEXTS, folder / THRESHOLDS)
        ordered = sorted(classes, key=lambda c: len(descriptions(c)))  # alike ones share a computation
        described = self._described(ordered)
        with resident(self._checkpoint.name, lambda: _network(folder)) as network:
            scores = _scores(network, image, known, described)
        texts = (*known.texts, *(target.name for target in ordered))
        thresholds = (*known.thresholds, *(OPEN_SET_THRESHOLD for _ in ordered))
        found = zip(texts, scores.tolist(), thresholds, strict=True)
        return united(Tag(text, score) for text, score, least in found if text and score > least)

    def _described(self, ordered: Sequence[TargetClass]) -> list[NDArray[np.float32]]:
        """Return the classes' descriptions as vectors, shape (classes, descriptions, width) per count."""
        if not ordered:
            return []
        texts = [descriptions(target) for target in ordered]
        vectors = iter(self._clip.encode([text for group in texts for text in group]))
        each = [np.stack([next(vectors) for _ in group]) for group in texts]
        return [np.stack(list(group)) for _, group in groupby(each, key=len)]


def _network(folder: Path) -> Any:
    from napari_zeroseg.backends.ram.official import read_network

    return read_network(folder / WEIGHTS)


def _scores(
    network: Any, image: Plane, known: TagList, described: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return the best score over all patches of each tag and class."""
    import torch

    device = next(network.parameters()).device
    groups = _own(network, known), *(torch.from_numpy(group).to(device) for group in described)
    cuts = patches(image.shape[:2])
    at_once = PATCHES_AT_ONCE.get(device.type, PATCHES_AT_ONCE_ELSEWHERE)
    best = np.zeros(sum(len(group) for group in groups), np.float32)
    for start in interruptible(range(0, len(cuts), at_once)):
        batch = [image[cut] for cut in cuts[start : start + at_once]]
        pixels = torch.stack([squeezed(patch, _side(network), IMAGENET, "bilinear") for patch in batch])
        with inference(device.type):
            logits = tag_logits(network, image_states(network, pixels.to(device)), groups)
            best = np.maximum(best, logits.sigmoid().amax(0).cpu().numpy())
    return best


def _own(network: Any, known: TagList) -> Tensor:
    """Return the descriptions of RAM++'s tags, shape (tags, descriptions, width), as a view."""
    embedded: Tensor = network.label_embed
    if len(embedded) != len(known.texts) * DESCRIPTIONS:
        raise BadFileError(
            f"The tag list of {len(known.texts)} tags does not belong to this checkpoint, "
            f"which has {len(embedded)} descriptions where {DESCRIPTIONS} of each tag belong.",
            kept="Nothing was tagged.",
            remedy="Remove both and fetch them with: napari-zeroseg models download ram:plus-swin-l",
        )
    return embedded.view(len(known.texts), DESCRIPTIONS, embedded.shape[-1])


def _side(network: Any) -> int:
    return int(network["visual_encoder"].config.image_size)
