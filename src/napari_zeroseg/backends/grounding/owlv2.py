"""OWLv2: one vector per class, compared with every patch of the image.

Minderer, Gritsenko and Houlsby, NeurIPS 2023 (arXiv 2306.09683).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.grounding.decoding import corners, detections_of_phrases, pixel_boxes
from napari_zeroseg.backends.grounding.framing import normalized, resized
from napari_zeroseg.backends.grounding.latest import LatestFeatures
from napari_zeroseg.backends.grounding.phrases import names_of, synonyms_of
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

TEMPLATE = "a photo of a {}"
BATCH = 64  # texts
GRAY = 0.5  # what the authors fill a square up with
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


class Owlv2:
    """Finds boxes for classes by a vector for each; names and synonyms cost next to nothing.

    Parameters
    ----------
    checkpoint : Checkpoint
        A folder in the layout of the hub.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._features = LatestFeatures()

    def detect(self, image: Plane, classes: Sequence[TargetClass]) -> list[Detection]:
        """Return boxes in pixels, best first, each of the class whose words fit it best.

        Raises
        ------
        BadVocabularyError
            When a class cannot be put into words of its own.
        CancelledError
            When the work is called off between two batches of texts.
        """
        if not classes:
            return []
        names = names_of(classes)
        phrases = [*names, *synonyms_of(classes, names)]
        with resident(self._checkpoint.name, self._load) as model:
            device = next(model.parameters()).device
            with inference(device.type):
                patches, boxes = self._features.of(image, device, lambda: encoded(model, image, device))
                scores = self._scores(model, patches, phrases)
        side = max(image.shape[:2])
        in_pixels = pixel_boxes(corners(boxes.float().cpu().numpy()), side, side, image.shape[:2])
        return detections_of_phrases(scores.float().cpu().numpy(), in_pixels, phrases)

    def _scores(self, model: Any, patches: Tensor, phrases: Sequence[Phrase]) -> Tensor:
        """Return 0..1 of each patch and phrase."""
        import torch

        tokenizer = tokenizer_in(self._checkpoint.folder())
        texts = [TEMPLATE.format(phrase.text) for phrase in phrases]
        starts = interruptible(range(0, len(texts), BATCH))
        vectors = [text_vectors(model, tokenizer, texts[start : start + BATCH]) for start in starts]
        logits, _ = model.class_predictor(patches[None], torch.cat(vectors)[None])
        scores: Tensor = logits[0].sigmoid()
        return scores

    def _load(self) -> Any:
        import_triton_apart()
        from transformers import Owlv2ForObjectDetection

        return pretrained(Owlv2ForObjectDetection, self._checkpoint.folder())


def encoded(model: Any, image: Plane, device: Any) -> tuple[Tensor, Tensor]:
    """Return the vector and the box of each patch of an image filled up to a square.

    Returns
    -------
    patches : Tensor of shape (N, width)
    boxes : Tensor of shape (N, 4)
        Centre x, centre y, width, height as shares of the square's side.
    """
    import torch

    side = model.config.vision_config.image_size
    height, width = image.shape[:2]
    scale = side / max(height, width)
    inner = resized(image, (max(1, round(height * scale)), max(1, round(width * scale))), device)
    square = torch.nn.functional.pad(inner, (0, side - inner.shape[3], 0, side - inner.shape[2]), value=GRAY)
    features, _ = model.image_embedder(normalized(square, CLIP_MEAN, CLIP_STD))
    patches = features.flatten(1, 2)
    return patches[0], model.box_predictor(patches, features)[0]


def text_vectors(model: Any, tokenizer: Any, texts: list[str]) -> Tensor:
    """Return the vector of each text, shape (len(texts), width); long ones are cut off."""
    longest = model.config.text_config.max_position_embeddings
    tokens = tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt").to(
        next(model.parameters()).device
    )
    mask = tokens["attention_mask"]
    # the model reads a text where its number is highest: at its end, unless it is filled up with ends
    answer = model.owlv2.text_model(input_ids=tokens["input_ids"] * mask, attention_mask=mask)
    vectors: Tensor = model.owlv2.text_projection(answer.pooler_output)
    return vectors
