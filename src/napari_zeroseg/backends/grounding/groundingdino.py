"""Grounding DINO and MM-Grounding-DINO: one text for all classes, tokens of its own for each.

Liu et al., ECCV 2024 (arXiv 2303.05499); Zhao et al., 2024 (arXiv 2401.02361).
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.grounding.decoding import corners, detections_of_spans, pixel_boxes
from napari_zeroseg.backends.grounding.framing import Framing
from napari_zeroseg.backends.grounding.latest import LatestFeatures
from napari_zeroseg.backends.grounding.spans import Reader, text_prompts
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.pretrained import pretrained, tokenizer_of
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.core.cancellation import interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.backends.grounding.spans import TextPrompt
    from napari_zeroseg.core.detection import Detection
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.vocabulary import TargetClass

    Features = tuple[list[Any], list[Tensor]]

MAX_TOKENS = 256
"""That the models were trained with."""
CLAMP = 1e-3
"""Grounding DINO was trained with x and 1 - x cut at this before the logit of a coordinate x is taken;
transformers cuts at 1e-5, which moves boxes that reach the border, and their scores."""


class GroundingDino:
    """Finds boxes for classes by one text, or by several where it would be too long.

    Each token is scored on its own, without a soft-max over the others, so that scores from several
    texts are of one kind.

    Parameters
    ----------
    checkpoint : Checkpoint
        A folder in the layout of the hub, with the tokenizer's vocabulary.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._features = LatestFeatures()

    def detect(self, image: Plane, classes: Sequence[TargetClass]) -> list[Detection]:
        """Return boxes in pixels, best first, each of the one class whose tokens fit it best.

        Raises
        ------
        BadVocabularyError
            When a class cannot be put into words of its own.
        CancelledError
            When the work is called off between two texts.
        """
        if not classes:
            return []
        prompts = text_prompts(classes, reader_of(self._checkpoint.folder()), MAX_TOKENS)
        with resident(self._checkpoint.name, self._load) as model:
            device = next(model.parameters()).device
            with inference(device.type), clamped_as_trained(model):
                found = self._answers(model, image, prompts)
        return sorted(found, key=lambda d: -d.score)

    def _answers(self, model: Any, image: Plane, prompts: Sequence[TextPrompt]) -> list[Detection]:
        device, shape = next(model.parameters()).device, image.shape[:2]
        pixels = Framing.read(self._checkpoint.folder()).tensor(image, device)
        features = self._features.of(image, device, lambda: encoded(model, pixels))
        with features_given(model, features):
            return [d for prompt in interruptible(prompts) for d in answer(model, pixels, prompt, shape)]

    def _load(self) -> Any:
        import_triton_apart()
        from transformers import AutoModelForZeroShotObjectDetection

        return pretrained(AutoModelForZeroShotObjectDetection, self._checkpoint.folder())


@cache
def reader_of(folder: Path) -> Reader:
    """Return how the tokenizer of a folder cuts texts; read once."""
    import_triton_apart()
    from transformers import BertTokenizer

    return Reader.of(tokenizer_of(folder, BertTokenizer))


def answer(model: Any, pixels: Tensor, prompt: TextPrompt, shape: tuple[int, int]) -> list[Detection]:
    """Return the boxes that one text finds in an image of the given height and width."""
    import torch

    output = model(pixel_values=pixels, input_ids=torch.tensor([prompt.tokens], device=pixels.device))
    scores = output.logits[0].float().sigmoid().cpu().numpy()
    boxes = output.pred_boxes[0].float().cpu().numpy()
    in_pixels = pixel_boxes(corners(boxes), shape[1], shape[0], shape)
    return detections_of_spans(scores, in_pixels, prompt.spans)


def encoded(model: Any, pixels: Tensor) -> Features:
    """Return what a model computes of the pixels alone: feature maps and their positions."""
    import torch

    inside = torch.ones((1, *pixels.shape[2:]), dtype=torch.long, device=pixels.device)
    features: Features = model.model.backbone(pixels, inside)
    return features


@contextmanager
def features_given(model: Any, features: Features) -> Iterator[None]:
    """Let a model answer several texts from one encoding of the image."""
    backbone = model.model.backbone
    maps, positions = features
    backbone.forward = lambda *_: (list(maps), list(positions))  # copies: the model appends to them
    try:
        yield
    finally:
        del backbone.forward


def clamped_as_trained(model: Any) -> AbstractContextManager[Any]:
    """Return a context in which a model takes the logit of coordinates as its authors do."""
    return _authors_logit() if model.config.model_type == "grounding-dino" else nullcontext()


def _authors_logit() -> AbstractContextManager[Any]:
    import torch
    from torch.overrides import TorchFunctionMode

    class AuthorsLogit(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is not torch.special.logit:
                return func(*args, **(kwargs or {}))
            share = args[0].clamp(0, 1)
            return torch.log(share.clamp(min=CLAMP) / (1 - share).clamp(min=CLAMP))

    return AuthorsLogit()
