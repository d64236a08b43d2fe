"""From a question to what the model of this machine answers, in the forms of the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from napari_zeroseg.backends.embeddings import Latest, RememberingSegmenter, content_key
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import create
from napari_zeroseg.backends.remote import verbs, wire
from napari_zeroseg.backends.remote.problems import BadWireError
from napari_zeroseg.backends.roles import SurveyingDetector, SurveyingSegmenter
from napari_zeroseg.core.errors import BadVocabularyError
from napari_zeroseg.core.exemplars import Exemplars
from napari_zeroseg.core.suggestion import Tag
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.methods.grounded import tags_of
from napari_zeroseg.server.limits import Limits
from napari_zeroseg.server.refusals import RefusedError

if TYPE_CHECKING:
    from napari_zeroseg.backends.remote.verbs import Verb
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Mask

SURVEYS = 32
"""Models that are kept as they judge the parts of one large image."""

Answer = Callable[[Any, Any, Any], BaseModel]
"""Takes a model, a question and its plane."""


class Desk:
    """Knows the models that are offered, and the images that clients have sent.

    Parameters
    ----------
    offers : sequence of Offer
        What may be asked.
    limits : Limits
        How many bytes of images are kept.
    """

    def __init__(self, offers: Sequence[wire.Offer], limits: Limits) -> None:
        self.offers = tuple(offers)
        self._offered = {(offer.role, offer.model) for offer in offers}
        self._planes: Latest[Plane] = Latest(lambda: limits.cache_bytes, lambda plane: plane.nbytes)
        self._surveyed: Latest[Any] = Latest(lambda: SURVEYS)

    def keep(self, digest: str, plane: Plane) -> None:
        """Keep an image until newer ones take its place.

        Raises
        ------
        RefusedError
            When it is not the one of this digest.
        """
        if content_key(plane).hex() != digest:
            raise RefusedError("refused", "The image is not the one that its digest names.")
        self._planes.of(digest, lambda: plane)

    def prepared(self, verb: Verb[Any, Any], question: Any) -> Callable[[], BaseModel]:
        """Return the work that answers a question; it holds the images that it needs.

        Raises
        ------
        RefusedError
            When there is no such model, an image is to be sent first, or the question contradicts itself.
        """
        if (verb.role, question.model) not in self._offered:
            raise RefusedError(
                "unknown model",
                f"There is no {verb.role} '{question.model}' here.",
                f"Choose one of: {', '.join(sorted(m for r, m in self._offered if r == verb.role))}.",
            )
        plane = self._plane(question.plane) if isinstance(question, wire.PlaneQuestion) else None
        model = self._model(verb, question)
        answer = _ANSWERS[verb.name]
        return lambda: answer(model(), question, plane)

    def _plane(self, digest: str) -> Plane:
        def unknown() -> Plane:
            raise RefusedError("unknown plane", "This image is to be sent first.", plane=digest)

        return self._planes.of(digest, unknown)

    def _model(self, verb: Verb[Any, Any], question: Any) -> Callable[[], Any]:
        survey: wire.Survey | None = getattr(question, "survey", None)
        if survey is None:
            return lambda: create(verb.role, question.model)
        key = (verb.role, question.model, survey)
        sample = None if key in self._surveyed else self._plane(survey.plane)
        return lambda: self._surveyed.of(key, lambda: self._as_surveyed(verb.role, question, sample))

    def _as_surveyed(self, role: Role, question: Any, sample: Plane | None) -> Any:
        # another question may have pushed it out while this one waited
        seen = self._plane(question.survey.plane) if sample is None else sample
        model, classes = create(role, question.model), _classes(question.survey.classes)
        if role is Role.DETECTOR:
            return model.surveyed(seen, classes) if isinstance(model, SurveyingDetector) else model
        made = model.surveyed(seen, classes) if isinstance(model, SurveyingSegmenter) else model
        return model if made is model else RememberingSegmenter(made)


def _classes(specs: Sequence[Any]) -> tuple[TargetClass, ...]:
    """Return the classes as a person named them; they must make up a vocabulary."""
    try:
        classes = tuple(spec.target() for spec in specs)
        Vocabulary(classes)
    except BadVocabularyError as error:
        raise BadWireError(error.happened) from None
    return classes


def _masks(specs: Sequence[wire.MaskSpec], plane: Plane) -> tuple[Mask, ...]:
    masks = tuple(spec.mask(plane.shape) for spec in specs)
    if not all(mask.area for mask in masks):
        raise BadWireError("a mask is empty")
    return masks


def _tag(model: Any, question: wire.TagQuestion, plane: Plane) -> wire.Tags:
    if question.classes is None:
        return wire.Tags(tags=wire.tag_specs(model.tag(plane)))
    found = tags_of(plane, Vocabulary(_classes(question.classes)), model)
    return wire.Tags(tags=wire.tag_specs(found))


def _caption(model: Any, _question: wire.PlaneQuestion, plane: Plane) -> wire.Caption:
    return wire.Caption(caption=model.caption(plane)[:2000])


def _suggest(model: Any, question: wire.SuggestQuestion, _plane: None) -> wire.Suggestions:
    tags = [Tag(tag.text, tag.score) for tag in question.tags]
    found = model.suggest(tags, question.caption, Vocabulary(_classes(question.classes)))
    return wire.Suggestions(suggestions=tuple(wire.SuggestionSpec.of(s) for s in found))


def _match(model: Any, question: wire.MatchQuestion, _plane: None) -> wire.Matches:
    found = model.match(list(question.phrases), Vocabulary(_classes(question.classes)))
    return wire.Matches(matches=tuple(wire.MatchSpec.of(match) for match in found))


def _detect(model: Any, question: wire.DetectQuestion, plane: Plane) -> wire.Detections:
    found = model.detect(plane, _classes(question.classes))
    return wire.Detections(detections=tuple(wire.DetectionSpec.of(d) for d in found))


def _embed(model: Any, _question: wire.EmbedQuestion, plane: Plane) -> wire.Ready:
    model.embed(plane)
    return wire.Ready()


def _segment(model: Any, question: wire.SegmentQuestion, plane: Plane) -> wire.Masks:
    shape = (plane.shape[0], plane.shape[1])
    prompts = [spec.prompt(shape) for spec in question.prompts]
    answers = model.segment(model.embed(plane), prompts)  # what was computed before is remembered
    return wire.Masks(answers=tuple(wire.LogitsSpec.of(answer) for answer in answers))


def _seek(model: Any, question: wire.SeekQuestion, plane: Plane) -> wire.Found:
    exemplars = Exemplars(
        _masks(question.accepted, plane), _masks(question.rejected, plane), _masks(question.proposed, plane)
    )
    found = model.seek(plane, exemplars)
    return wire.Found(found=tuple(wire.AlikeSpec.of(alike) for alike in found))


def _features(model: Any, _question: wire.PlaneQuestion, plane: Plane) -> wire.Numbers:
    return wire.Numbers(values=wire.Array.of(model.features(plane)))


def _classify(model: Any, question: wire.ClassifyQuestion, plane: Plane) -> wire.Numbers:
    masks, classes = _masks(question.masks, plane), _classes(question.classes)
    return wire.Numbers(values=wire.Array.of(model.classify(plane, masks, classes)))


def _encode(model: Any, question: wire.EncodeQuestion, plane: Plane) -> wire.AlignedSpec:
    found = model.encode(plane, _classes(question.classes))
    return wire.AlignedSpec(
        dense=wire.Array.of(found.dense),
        texts=wire.Array.of(found.texts),
        ground=wire.Array.of(found.ground),
        sharpness=float(found.sharpness),
    )


_ANSWERS: dict[str, Answer] = {
    verbs.TAG.name: _tag,
    verbs.CAPTION.name: _caption,
    verbs.SUGGEST.name: _suggest,
    verbs.MATCH.name: _match,
    verbs.DETECT.name: _detect,
    verbs.EMBED.name: _embed,
    verbs.SEGMENT.name: _segment,
    verbs.SEEK.name: _seek,
    verbs.FEATURES.name: _features,
    verbs.DETAIL.name: _features,
    verbs.CLASSIFY.name: _classify,
    verbs.ENCODE.name: _encode,
}
