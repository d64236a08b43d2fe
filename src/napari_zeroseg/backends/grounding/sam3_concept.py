"""SAM 3 asked for concepts: each class is a question of its own to one encoding of the image.

Carion et al., 2025 (arXiv 2511.16719).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.grounding.decoding import detections_of_phrases, pixel_boxes
from napari_zeroseg.backends.grounding.framing import normalized, resized
from napari_zeroseg.backends.grounding.latest import LatestFeatures
from napari_zeroseg.backends.grounding.phrases import names_of
from napari_zeroseg.backends.grounding.texts import tokenizer_in
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.pretrained import pretrained
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.core.cancellation import interruptible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.backends.grounding.phrases import Phrase
    from napari_zeroseg.core.detection import Detection
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.vocabulary import TargetClass

HALF = (0.5, 0.5, 0.5)


class Sam3Concept:
    """Finds boxes for classes, one pass for each name; synonyms are not asked for.

    Parameters
    ----------
    checkpoint : Checkpoint
        A folder in the layout of the hub.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._features = LatestFeatures()

    def detect(self, image: Plane, classes: Sequence[TargetClass]) -> list[Detection]:
        """Return boxes in pixels, best first.

        Raises
        ------
        BadVocabularyError
            When a class cannot be put into words of its own.
        CancelledError
            When the work is called off between two classes.
        """
        if not classes:
            return []
        names = names_of(classes)
        with resident(self._checkpoint.name, self._load) as model:
            device = next(model.parameters()).device
            with inference(device.type):
                features = self._features.of(image, device, lambda: encoded(model, image, device))
                found = [
                    d
                    for name in interruptible(names)
                    for d in self._answer(model, features, name, image.shape[:2])
                ]
        return sorted(found, key=lambda d: -d.score)

    def _answer(self, model: Any, features: Any, name: Phrase, shape: tuple[int, int]) -> list[Detection]:
        """Return the boxes of one class; a score says that the box fits and that there is any."""
        longest = model.config.text_config.max_position_embeddings
        tokens = tokenizer_in(self._checkpoint.folder())(
            [name.text], padding="max_length", truncation=True, max_length=longest, return_tensors="pt"
        ).to(next(model.parameters()).device)
        output = model(
            vision_embeds=features,
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
        )
        scores: Tensor = output.pred_logits[0].float().sigmoid() * output.presence_logits[0].float().sigmoid()
        boxes = pixel_boxes(output.pred_boxes[0].float().cpu().numpy(), shape[1], shape[0], shape)
        return detections_of_phrases(scores.cpu().numpy()[:, None], boxes, [name])

    def _load(self) -> Any:
        import_triton_apart()
        from transformers import Sam3Model

        return without_masks(pretrained(Sam3Model, self._checkpoint.folder()))


def without_masks(model: Any) -> Any:
    """Return a model that leaves out its masks: boxes alone are asked for, masks are a segmenter's."""
    from transformers.models.sam3.modeling_sam3 import Sam3MaskDecoderOutput

    model.mask_decoder.forward = lambda **_: Sam3MaskDecoderOutput()
    return model


def encoded(model: Any, image: Plane, device: Any) -> Any:
    """Return what the vision encoder makes of an image stretched to a square."""
    side = model.config.vision_config.image_size
    pixels = normalized(resized(image, (side, side), device), HALF, HALF)
    return model.get_vision_features(pixels)
