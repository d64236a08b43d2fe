"""The roles of a method, as protocols.

Every image that a backend gets is one plane, float32 of shape (H, W, 3), RGB in 0..1, as
the user sees it (see :mod:`napari_zeroseg.core.image`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_zeroseg.backends.llm.prices import Spending
    from napari_zeroseg.core.cost_map import Aligned
    from napari_zeroseg.core.detection import Detection
    from napari_zeroseg.core.exemplars import Alike, Exemplars
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits, Mask
    from napari_zeroseg.core.prompt import Prompt
    from napari_zeroseg.core.suggestion import Idea, PhraseMatch, Suggestion, Tag
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

Embedding = Any
"""What a segmenter computes once per plane; opaque to all but the segmenter that made it."""


class Tagger(Protocol):
    """Says which words fit an image."""

    def tag(self, image: Plane) -> list[Tag]:
        """Return tags, best first."""
        ...


@runtime_checkable
class OpenSetTagger(Tagger, Protocol):
    """A tagger that can be told of further words: the classes that a person looks for."""

    def tag_among(self, image: Plane, classes: Sequence[TargetClass]) -> list[Tag]:
        """Return tags, best first, and among them the names of those classes that fit the image.

        The more of their look the classes tell, the better they are recognised.
        """
        ...


class Captioner(Protocol):
    """Says in one sentence what an image shows."""

    def caption(self, image: Plane) -> str:
        """Return one sentence."""
        ...


class Refiner(Protocol):
    """Decides between words: which classes are present, and which class a phrase means."""

    def suggest(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> list[Suggestion]:
        """Return one suggestion per class of the vocabulary, in its order (pre-refinement)."""
        ...

    def match(self, phrases: Sequence[str], vocabulary: Vocabulary) -> list[PhraseMatch]:
        """Return the class that each phrase means, or none (post-refinement)."""
        ...

    def describe(self, target: TargetClass) -> TargetClass:
        """Return the class with empty attributes and synonyms filled in where known."""
        ...


@runtime_checkable
class LanguageModelRefiner(Refiner, Protocol):
    """A refiner that asks a language model, which knows more and takes tokens."""

    @property
    def spent(self) -> tuple[Spending, ...]:
        """What each model took since the program started."""
        ...

    def ideas(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> tuple[Idea, ...]:
        """Return classes that the vocabulary may lack, from what the latest suggestion heard."""
        ...

    def describe_all(self, vocabulary: Vocabulary) -> Vocabulary:
        """Return the vocabulary with empty attributes written by the model."""
        ...

    def forget(self, phrase: str, vocabulary: Vocabulary) -> None:
        """Drop what was learned of a phrase, so that it is asked again."""
        ...


class Detector(Protocol):
    """Finds boxes for classes named in words."""

    def detect(self, image: Plane, classes: Sequence[TargetClass]) -> list[Detection]:
        """Return boxes in pixels, best first; none where nothing fits."""
        ...


@runtime_checkable
class SurveyingDetector(Detector, Protocol):
    """A detector that judges the parts of an image by what is usual in all of it."""

    def surveyed(self, sample: Plane, classes: Sequence[TargetClass]) -> Detector:
        """Return a detector for the parts of one image, from parts of it side by side."""
        ...


class Segmenter(Protocol):
    """Turns prompts into masks."""

    def embed(self, image: Plane) -> Embedding:
        """Compute what all prompts on this image share."""
        ...

    def segment(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Logits]:
        """Return one answer per prompt, in order."""
        ...


@runtime_checkable
class LastingSegmenter(Segmenter, Protocol):
    """A segmenter whose embeddings take long to compute, and are worth keeping on the disk."""

    def identity(self) -> str:
        """Return what an embedding depends on beside the pixels: weights, preparation, precision."""
        ...


class Seeker(Protocol):
    """Finds more of what a person has accepted."""

    def seek(self, image: Plane, exemplars: Exemplars) -> list[Alike]:
        """Return masks that are alike to the examples, best first; the examples may be among them."""
        ...


@runtime_checkable
class SurveyingSegmenter(Segmenter, Protocol):
    """A segmenter that judges the parts of an image by what is usual in all of it."""

    def surveyed(self, sample: Plane, classes: Sequence[TargetClass]) -> Segmenter:
        """Return a segmenter for the parts of one image, from parts of it side by side."""
        ...


class TextEncoder(Protocol):
    """Turns words into vectors."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), dimension)."""
        ...


class FeatureExtractor(Protocol):
    """Describes each place of an image in numbers: alike where the image is alike."""

    def features(self, image: Plane) -> NDArray[np.float32]:
        """Return what is seen at each place of a grid over all of the image, shape (h, w, d).

        The grid may be coarser than the image, and of other proportions.
        """
        ...


class RegionClassifier(Protocol):
    """Names parts of an image."""

    def classify(
        self, image: Plane, masks: Sequence[Mask], classes: Sequence[TargetClass]
    ) -> NDArray[np.float32]:
        """Return how likely each part shows each class, shape (len(masks), len(classes)).

        Rows sum to at most 1; what is left is for the background.
        """
        ...


class ImageTextEncoder(Protocol):
    """Brings an image and words into one space, place by place."""

    def encode(self, image: Plane, classes: Sequence[TargetClass]) -> Aligned:
        """Return the image on a grid, and one text vector per class, in order.

        The more of their look the classes tell, the better they are told apart.
        """
        ...
