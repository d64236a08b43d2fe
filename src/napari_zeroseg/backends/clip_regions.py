"""CLIP names parts of an image: each is shown with all else blacked out, against a text per class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.pixels import CLIP, squeezed
from napari_zeroseg.backends.pretrained import tokenizer_of
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.backends.weights.exact import filled
from napari_zeroseg.backends.weights.reading import read_state
from napari_zeroseg.core.cancellation import interruptible
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.vocabulary import TargetClass

BATCH = 16
PROMPT = "a photo of a {}"
BACKGROUND = "background"
"""One more text beside those of the classes, or a single class would fit everything."""


class ClipRegions:
    """Fills the role of region classifier.

    Parameters
    ----------
    checkpoint : Checkpoint
        Of CLIP, in the layout of the hub.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def classify(
        self, image: Plane, masks: Sequence[Mask], classes: Sequence[TargetClass]
    ) -> NDArray[np.float32]:
        """Return how likely each part shows each class: the soft-max over the classes and the background.

        Parameters
        ----------
        image : ndarray of float32, shape (H, W, 3)
            RGB in 0..1; squeezed into a square, so that nothing at its sides is cut off.
        masks : sequence of Mask
            The parts.
        classes : sequence of TargetClass
            Their names are asked for.

        Returns
        -------
        ndarray of float32, shape (len(masks), len(classes))
            Rows sum to less than 1; what is left is for the background.

        Raises
        ------
        MissingBackendError, BadFileError
            When the weights are not there, or are others.
        CancelledError
            When the work was called off, between batches.
        """
        if not masks or not classes:
            return np.zeros((len(masks), len(classes)), np.float32)
        folder = self._checkpoint.folder()
        import_triton_apart()
        tokenizer = tokenizer_of(folder)
        texts = [*(PROMPT.format(target.name) for target in classes), BACKGROUND]
        batches = [masks[start : start + BATCH] for start in range(0, len(masks), BATCH)]
        with resident(self._checkpoint.name, lambda: read(folder)) as model:
            found = [_chances(model, tokenizer, texts, image, batch) for batch in interruptible(batches)]
        return np.concatenate(found)[:, :-1]


def alone(image: Plane, mask: Mask) -> Plane:
    """Return an image with all but a part of it black."""
    shown = np.zeros_like(image)
    shown[mask.slices] = image[mask.slices] * mask.pixels[..., None]
    return shown


def _chances(
    model: Any, tokenizer: Any, texts: list[str], image: Plane, masks: Sequence[Mask]
) -> NDArray[np.float32]:
    import torch

    device = next(model.parameters()).device
    side = model.config.vision_config.image_size
    longest = model.config.text_config.max_position_embeddings
    tokens = tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")
    pixels = torch.stack([squeezed(alone(image, mask), side, CLIP, "bicubic") for mask in masks])
    with inference(device.type):
        logits = model(
            input_ids=tokens["input_ids"].to(device),
            attention_mask=tokens["attention_mask"].to(device),
            pixel_values=pixels.to(device),
        ).logits_per_image
    chances: NDArray[np.float32] = logits.float().softmax(dim=1).cpu().numpy()
    return chances


def read(folder: Path) -> Any:
    """Return transformers' ``CLIPModel`` with the weights of a folder.

    Raises
    ------
    BadFileError
        When the file is damaged or unsafe, or holds another model.
    """
    weights = folder / "pytorch_model.bin"
    state = {
        key: value.float()
        for key, value in read_state(weights).items()
        if not key.endswith("position_ids")  # old checkpoints hold them
    }
    from transformers import CLIPConfig, CLIPModel

    try:
        return filled(CLIPModel, CLIPConfig.from_pretrained(folder, local_files_only=True), state)
    except ValueError as error:
        raise BadFileError(
            f"The file '{weights}' is not the CLIP checkpoint that its configuration describes.",
            kept="Nothing was loaded.",
            remedy="Remove it and download it again.",
        ) from error
