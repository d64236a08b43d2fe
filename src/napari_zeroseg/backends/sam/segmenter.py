"""What all segmenters of the Segment Anything kind have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.devices import candidates, inference, precision
from napari_zeroseg.backends.pixels import IMAGENET
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.backends.sam.answers import nothing, windowed
from napari_zeroseg.backends.sam.embedding import ImageEmbedding
from napari_zeroseg.backends.sam.questions import Questions, grouped
from napari_zeroseg.backends.stoppable import stoppable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.backends.roles import Embedding
    from napari_zeroseg.backends.sam.decoder import SamDecoder
    from napari_zeroseg.backends.sam.frame import Frame
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits
    from napari_zeroseg.core.prompt import Prompt

PREPARATION = 1
"""To be raised when planes are prepared or encoded in another way: kept embeddings are void then."""
TOGETHER = 8
"""Prompts decoded at once: about 40 MB each at full size."""


class PromptableSegmenter(ABC):
    """A segmenter on a model with an image encoder and a light mask decoder.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its weights; they are loaded at the first call.
    """

    statistics: tuple[tuple[float, ...], ...] = IMAGENET

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def embed(self, image: Plane) -> ImageEmbedding:
        with resident(self._checkpoint.name, self._load) as model:
            frame = self._frame((image.shape[0], image.shape[1]), model.prompt_encoder.input_image_size)
            device = next(model.parameters()).device
            with inference(device.type, bfloat16_on_cpu=True), stoppable():
                maps = self._encode(model, as_square(image, frame, self.statistics).to(device))
            # in one order of memory, in which it comes back from the disk too: sums depend on it
            arrays = (features[0].float().contiguous().cpu().numpy() for features in maps)
            return ImageEmbedding(frame, tuple(arrays))

    def identity(self) -> str:
        parts = (self._checkpoint.name, self._checkpoint.digest(), precision(candidates()[0]), PREPARATION)
        return " ".join(map(str, parts))

    def segment(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Logits]:
        import torch

        answers = [nothing() for _ in prompts]
        with resident(self._checkpoint.name, self._load) as model, torch.inference_mode():
            device = next(model.parameters()).device
            decoder = self._decoder(model, [_tensor(m, device)[None] for m in embedding.maps])
            for group in grouped(prompts, embedding.frame, decoder.cells):
                for part in group.split(TOGETHER):
                    for place, coarse, score in zip(part.places, *_asked(decoder, part, device), strict=True):
                        answers[place] = windowed(coarse, embedding.frame, float(score))
        return answers

    @abstractmethod
    def _load(self) -> Any:
        """Return the model, a ``torch.nn.Module`` of transformers."""

    @abstractmethod
    def _frame(self, shape: tuple[int, int], side: int) -> Frame:
        """Return how a plane of that shape is put into the model's square."""

    @abstractmethod
    def _encode(self, model: Any, pixels: Tensor) -> Sequence[Tensor]:
        """Return what the decoder needs of an image, the embedding first."""

    @abstractmethod
    def _decoder(self, model: Any, maps: Sequence[Tensor]) -> SamDecoder:
        """Return the decoder for one image."""


def as_square(image: Plane, frame: Frame, statistics: tuple[tuple[float, ...], ...] = IMAGENET) -> Tensor:
    """Return a plane as the model's square, normalised, shape (1, 3, side, side); zero where it is empty."""
    import torch

    planes = torch.from_numpy(np.array(image.transpose(2, 0, 1)))[None]
    resized = torch.nn.functional.interpolate(
        planes, size=frame.filled, mode="bilinear", align_corners=False, antialias=True
    )
    mean, deviation = (torch.tensor(values)[:, None, None] for values in statistics)
    right, below = frame.side - frame.filled[1], frame.side - frame.filled[0]
    return torch.nn.functional.pad((resized - mean) / deviation, (0, right, 0, below))


def _asked(
    decoder: SamDecoder, part: Questions, device: Any
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return coarse logits and scores of some prompts."""
    logits, scores = decoder.decode(
        _tensor(part.points, device),
        _tensor(part.labels, device),
        None if part.boxes is None else _tensor(part.boxes, device),
        None if part.masks is None else _tensor(part.masks, device),
        ambiguous=part.ambiguous,
    )
    return logits.cpu().numpy(), scores.cpu().numpy()


def _tensor(array: NDArray[Any], device: Any) -> Tensor:
    import torch

    return torch.from_numpy(array).to(device)
