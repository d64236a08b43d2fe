"""Models on a server, one class per role: each answers as the model itself would here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from pydantic import BaseModel

from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.backends.embeddings import Latest, content_key
from napari_zeroseg.backends.remote import verbs, wire
from napari_zeroseg.backends.remote.address import Place
from napari_zeroseg.backends.remote.client import RemoteServer, server_at
from napari_zeroseg.backends.remote.letters import image_letter, words_letter
from napari_zeroseg.backends.remote.problems import BadWireError
from napari_zeroseg.core.consent import TextKind
from napari_zeroseg.core.cost_map import Aligned
from napari_zeroseg.core.exemplars import Alike
from napari_zeroseg.core.plain_text import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.remote.verbs import Verb
    from napari_zeroseg.core.detection import Detection
    from napari_zeroseg.core.exemplars import Exemplars
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits, Mask
    from napari_zeroseg.core.prompt import Prompt
    from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion, Tag
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

A = TypeVar("A", bound=BaseModel)
Q = TypeVar("Q", bound=BaseModel)
T = TypeVar("T")

MAX_CAPTION = 1000


def digest_of(plane: Plane) -> str:
    """Return the name of a plane on the wire."""
    return content_key(plane).hex()


class _RemoteModel:
    """A model on a server.

    Parameters
    ----------
    variant : str
        ``https://host:port#MODEL``.
    server : RemoteServer, optional
        How it is asked.
    """

    def __init__(self, variant: str, server: RemoteServer | None = None) -> None:
        self._place = Place.parse(variant)
        self._server = server or server_at(self._place.address)

    @property
    def _model(self) -> str:
        return self._place.model

    def _ask(self, verb: Verb[Q, A], question: Q, image: Plane, planes: dict[str, Plane]) -> A:
        return self._server.ask(verb, question, image_letter(self._place, image), planes)

    def _made(self, make: Callable[[], T]) -> T:
        """Make sense of an answer, or raise RemoteError where there is none in it."""
        try:
            return make()
        except BadWireError:
            raise self._server.unreadable() from None

    def _demand(self, holds: bool) -> None:
        if not holds:
            raise self._server.unreadable()


class RemoteTagger(_RemoteModel):
    """Says which words fit, and one that can be told of the classes is told of them."""

    def tag(self, image: Plane) -> list[Tag]:
        return self._tags(image, None)

    def tag_among(self, image: Plane, classes: Sequence[TargetClass]) -> list[Tag]:
        return self._tags(image, wire.specs(classes))

    def _tags(self, image: Plane, classes: wire.Classes | None) -> list[Tag]:
        digest = digest_of(image)
        question = wire.TagQuestion(model=self._model, plane=digest, classes=classes)
        return self._ask(verbs.TAG, question, image, {digest: image}).found()


class RemoteCaptioner(_RemoteModel):
    """Says in one sentence what an image shows."""

    def caption(self, image: Plane) -> str:
        digest = digest_of(image)
        question = wire.PlaneQuestion(model=self._model, plane=digest)
        return plain(self._ask(verbs.CAPTION, question, image, {digest: image}).caption, MAX_CAPTION)


class RemoteRefiner(_RemoteModel):
    """Decides between words; images are never sent for it.

    What is known of looks without asking anyone is looked up here.
    """

    def __init__(self, variant: str, server: RemoteServer | None = None) -> None:
        super().__init__(variant, server)
        self._words = EmbeddedRefiner()

    def suggest(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> list[Suggestion]:
        classes = wire.specs(vocabulary)
        question = wire.SuggestQuestion(
            model=self._model, tags=wire.tag_specs(tags), caption=caption[:MAX_CAPTION], classes=classes
        )
        letter = words_letter(self._place, question, TextKind.SCENE)
        found = self._server.ask(verbs.SUGGEST, question, letter).suggestions
        self._demand(tuple(s.name for s in found) == vocabulary.names)
        return [s.suggestion() for s in found]

    def match(self, phrases: Sequence[str], vocabulary: Vocabulary) -> list[PhraseMatch]:
        question = wire.MatchQuestion(
            model=self._model, phrases=tuple(phrases), classes=wire.specs(vocabulary)
        )
        letter = words_letter(self._place, question, TextKind.PHRASES)
        found = self._server.ask(verbs.MATCH, question, letter).matches
        self._demand([m.phrase for m in found] == list(phrases))
        self._demand(all(m.name is None or m.name in vocabulary for m in found))
        return [m.match() for m in found]

    def describe(self, target: TargetClass) -> TargetClass:
        return self._words.describe(target)


@dataclass(frozen=True, eq=False)
class _Surveyed:
    """What a model judges the parts of an image by."""

    sample: Plane
    classes: tuple[TargetClass, ...]

    @property
    def digest(self) -> str:
        return digest_of(self.sample)

    def on_wire(self) -> wire.Survey:
        return wire.Survey(plane=self.digest, classes=wire.specs(self.classes))


class RemoteDetector(_RemoteModel):
    """Finds boxes; the same question on the same pixels is asked once, whatever the thresholds.

    Parameters
    ----------
    variant : str
        ``https://host:port#MODEL``.
    server : RemoteServer, optional
        How it is asked.
    survey : _Surveyed, optional
        What is usual in the image that all images to come are parts of.
    """

    def __init__(
        self, variant: str, server: RemoteServer | None = None, survey: _Surveyed | None = None
    ) -> None:
        super().__init__(variant, server)
        self._variant = variant
        self._survey = survey
        self._latest: Latest[list[Detection]] = Latest()

    def surveyed(self, sample: Plane, classes: Sequence[TargetClass]) -> RemoteDetector:
        return RemoteDetector(self._variant, self._server, _Surveyed(sample, tuple(classes)))

    def detect(self, image: Plane, classes: Sequence[TargetClass]) -> list[Detection]:
        words = tuple((c.name, c.synonyms, c.attributes) for c in classes)
        return list(self._latest.of((content_key(image), words), lambda: self._detected(image, classes)))

    def _detected(self, image: Plane, classes: Sequence[TargetClass]) -> list[Detection]:
        digest, survey = digest_of(image), self._survey
        planes = {digest: image} | ({survey.digest: survey.sample} if survey else {})
        question = wire.DetectQuestion(
            model=self._model,
            plane=digest,
            classes=wire.specs(classes),
            survey=survey.on_wire() if survey else None,
        )
        found = self._ask(verbs.DETECT, question, image, planes).detections
        names = {c.name for c in classes}
        self._demand(all(d.name is None or d.name in names for d in found))
        return [d.detection() for d in found]


@dataclass(frozen=True, eq=False)
class RemoteImage:
    """An image whose embedding a server holds; when it does not, it gets the pixels again."""

    plane: Plane
    digest: str
    survey: _Surveyed | None = None

    @property
    def nbytes(self) -> int:
        """Memory that it takes here."""
        return self.plane.nbytes

    @property
    def planes(self) -> dict[str, Plane]:
        """All that the server may want, by digest."""
        sample = {self.survey.digest: self.survey.sample} if self.survey else {}
        return {self.digest: self.plane} | sample


class RemoteSegmenter(_RemoteModel):
    """Turns prompts into masks; what all prompts on an image share stays on the server.

    Parameters
    ----------
    variant : str
        ``https://host:port#MODEL``.
    server : RemoteServer, optional
        How it is asked.
    survey : _Surveyed, optional
        What is usual in the image that all images to come are parts of.
    """

    def __init__(
        self, variant: str, server: RemoteServer | None = None, survey: _Surveyed | None = None
    ) -> None:
        super().__init__(variant, server)
        self._variant = variant
        self._survey = survey

    def surveyed(self, sample: Plane, classes: Sequence[TargetClass]) -> RemoteSegmenter:
        return RemoteSegmenter(self._variant, self._server, _Surveyed(sample, tuple(classes)))

    def embed(self, image: Plane) -> RemoteImage:
        found = RemoteImage(image, digest_of(image), self._survey)
        survey = self._survey.on_wire() if self._survey else None
        question = wire.EmbedQuestion(model=self._model, plane=found.digest, survey=survey)
        self._ask(verbs.EMBED, question, image, found.planes)
        return found

    def segment(self, embedding: RemoteImage, prompts: Sequence[Prompt]) -> list[Logits]:
        survey = embedding.survey.on_wire() if embedding.survey else None
        question = wire.SegmentQuestion(
            model=self._model,
            plane=embedding.digest,
            survey=survey,
            prompts=tuple(wire.PromptSpec.of(prompt) for prompt in prompts),
        )
        answers = self._ask(verbs.SEGMENT, question, embedding.plane, embedding.planes).answers
        self._demand(len(answers) == len(prompts))
        shape = embedding.plane.shape
        return self._made(lambda: [answer.logits(shape) for answer in answers])


class RemoteSeeker(_RemoteModel):
    """Finds more of what a person has accepted."""

    def seek(self, image: Plane, exemplars: Exemplars) -> list[Alike]:
        digest = digest_of(image)
        question = wire.SeekQuestion(
            model=self._model,
            plane=digest,
            accepted=_masks(exemplars.accepted),
            rejected=_masks(exemplars.rejected),
            proposed=_masks(exemplars.proposed),
        )
        found = self._ask(verbs.SEEK, question, image, {digest: image}).found
        return self._made(lambda: [Alike(a.mask.mask(image.shape), a.score) for a in found])


def _masks(masks: Sequence[Mask]) -> tuple[wire.MaskSpec, ...]:
    return tuple(wire.MaskSpec.of(mask) for mask in masks)


class _RemoteFeatures(_RemoteModel):
    def _features(self, image: Plane, verb: Verb[wire.PlaneQuestion, wire.Numbers]) -> NDArray[np.float32]:
        digest = digest_of(image)
        question = wire.PlaneQuestion(model=self._model, plane=digest)
        found = self._ask(verb, question, image, {digest: image})
        return self._made(lambda: found.values.floats(3))


class RemoteExtractor(_RemoteFeatures):
    """Describes each place of an image in numbers."""

    def features(self, image: Plane) -> NDArray[np.float32]:
        return self._features(image, verbs.FEATURES)


class RemoteDetail(_RemoteFeatures):
    """Describes each place of an image finely."""

    def features(self, image: Plane) -> NDArray[np.float32]:
        return self._features(image, verbs.DETAIL)


class RemoteClassifier(_RemoteModel):
    """Names parts of an image."""

    def classify(
        self, image: Plane, masks: Sequence[Mask], classes: Sequence[TargetClass]
    ) -> NDArray[np.float32]:
        digest = digest_of(image)
        question = wire.ClassifyQuestion(
            model=self._model, plane=digest, masks=_masks(masks), classes=wire.specs(classes)
        )
        found = self._ask(verbs.CLASSIFY, question, image, {digest: image})
        values = self._made(lambda: found.values.floats(2))
        self._demand(values.shape == (len(masks), len(classes)))
        return values


class RemoteEncoder(_RemoteModel):
    """Brings an image and words into one space."""

    def encode(self, image: Plane, classes: Sequence[TargetClass]) -> Aligned:
        digest = digest_of(image)
        question = wire.EncodeQuestion(model=self._model, plane=digest, classes=wire.specs(classes))
        found = self._ask(verbs.ENCODE, question, image, {digest: image})
        dense, texts, ground = self._made(
            lambda: (found.dense.floats(3), found.texts.floats(2), found.ground.floats(2))
        )
        self._demand(len(texts) == len(classes) and len(ground) > 0)
        self._demand(dense.shape[2] == texts.shape[1] == ground.shape[1])
        return Aligned(dense, texts, ground, found.sharpness)
