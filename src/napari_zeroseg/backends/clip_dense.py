"""CLIP, place by place: image patches in the space of texts (MaskCLIP).

After Zhou, Loy and Dai, Extract Free Dense Labels from CLIP (ECCV 2022): in the last layer of the
image encoder each place attends to itself alone, so that its value is not mixed with the others' as
that of the class token is; what follows is CLIP as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.clip_text import CLIP_FILE, ClipText, not_clip
from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.pixels import CLIP
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.backends.stoppable import stoppable
from napari_zeroseg.backends.weights.exact import filled
from napari_zeroseg.backends.weights.reading import read_state
from napari_zeroseg.core.cost_map import Aligned
from napari_zeroseg.core.descriptions import descriptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.vocabulary import TargetClass

    Floats = NDArray[np.float32]

TEXT_SIZE, IMAGE_SIZE = 254_000_000, 345_000_000
"""Bytes of the two halves of CLIP ViT-B/16."""
FINER = 2
"""How many times as many patches along a side as CLIP was trained with; positions are interpolated."""
GROUND = ("background", "a blurred background", "an empty area", "nothing")
"""What belongs to no class."""


class ClipEncoder:
    """Fills the role of image-text encoder.

    Parameters
    ----------
    checkpoint : Checkpoint
        CLIP in the layout of its authors' repository on the hub.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._text = ClipText(f"{checkpoint.name} texts", checkpoint.folder, TEXT_SIZE)

    def encode(self, image: Plane, classes: Sequence[TargetClass]) -> Aligned:
        """Return patches and class texts as unit vectors.

        A class's text is the mean of its descriptions by name, synonyms, colour, shape, texture and
        sense (prompt ensemble, Radford et al. 2021, with LMSeg's enriched prompts).

        Raises
        ------
        MissingBackendError, BadFileError
            When the weights are not there, or not those of a CLIP model.
        CancelledError
            When the work was called off.
        """
        texts = np.stack([self._ensemble(descriptions(target)) for target in classes])
        ground = self._text.encode([f"a photo of {words}." for words in GROUND])
        folder = self._checkpoint.folder()
        name = f"{self._checkpoint.name} patches"
        with resident(name, lambda: read_image_encoder(folder), size=IMAGE_SIZE) as model:
            device = next(model.parameters()).device
            with inference(device.type), stoppable():
                dense = patch_vectors(model, prepared(image, model.config).to(device))
            sharpness = float(model.logit_scale.exp())
        return Aligned(dense.float().cpu().numpy(), texts, ground, sharpness)

    def _ensemble(self, texts: Sequence[str]) -> Floats:
        mean = self._text.encode(texts).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)


def prepared(image: Plane, config: Any) -> Tensor:
    """Return an image in its proportions, cut into whole patches: shape (1, 3, rows, columns)."""
    import torch

    side, patch = FINER * config.image_size, config.patch_size
    factor = side / max(image.shape[:2])
    rows, cols = (max(1, round(n * factor / patch)) * patch for n in image.shape[:2])
    pixels = torch.from_numpy(np.array(image.transpose(2, 0, 1)))[None]
    resized = torch.nn.functional.interpolate(pixels, (rows, cols), mode="bicubic", antialias=True)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in CLIP)
    return (resized.clamp(0, 1) - mean) / deviation


def patch_vectors(model: Any, pixels: Tensor) -> Tensor:
    """Return unit vectors of the patches in the space of texts, shape (rows, columns, width)."""
    import torch

    vision = model.vision_model
    hidden = vision.pre_layrnorm(vision.embeddings(pixels, interpolate_pos_encoding=True))
    *layers, last = vision.encoder.layers
    for layer in layers:
        hidden = _first(layer(hidden, attention_mask=None))
    attention = last.self_attn
    hidden = hidden + attention.out_proj(attention.v_proj(last.layer_norm1(hidden)))
    hidden = hidden + last.mlp(last.layer_norm2(hidden))
    vectors = model.visual_projection(vision.post_layernorm(hidden[0, 1:]))
    patch = vision.config.patch_size
    grid = vectors.reshape(pixels.shape[2] // patch, pixels.shape[3] // patch, -1)
    return torch.nn.functional.normalize(grid, dim=-1)


def _first(answer: Any) -> Tensor:
    """Return the hidden states of a layer, which older versions of transformers put into a tuple."""
    found: Tensor = answer[0] if isinstance(answer, tuple) else answer
    return found


def read_image_encoder(folder: Path) -> Any:
    """Return the image half of a CLIP checkpoint, with its temperature.

    Raises
    ------
    BadFileError
        When the file is damaged or unsafe, or holds another model.
    """
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    path = folder / CLIP_FILE
    state = read_state(path)
    own = {
        key: value.float()
        for key, value in state.items()
        if key.startswith(("vision_model.", "visual_projection.")) and not key.endswith("position_ids")
    }
    try:
        config = CLIPVisionConfig.from_pretrained(folder, local_files_only=True)
        model = filled(CLIPVisionModelWithProjection, config, own)
        model.register_buffer("logit_scale", state["logit_scale"].float().reshape(()))
    except (ValueError, KeyError, RuntimeError) as error:
        raise not_clip(path) from error
    return model
