"""Recognise, refine, detect, segment twice: Huang, Iizuka and Fukui (BMVC 2024)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_zeroseg.backends.roles import LanguageModelRefiner, OpenSetTagger
from napari_zeroseg.core.boxes import suppress, suppress_rivals
from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.events import (
    Described,
    Detected,
    Event,
    Found,
    Progress,
    StageStarted,
    Suggested,
    Tagged,
)
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.points import choose_points
from napari_zeroseg.core.prompt import Prompt
from napari_zeroseg.core.suggestion import PhraseMatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_zeroseg.backends.registry import Backends
    from napari_zeroseg.backends.roles import Embedding, Refiner, Segmenter, Tagger
    from napari_zeroseg.core.detection import Detection
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits
    from napari_zeroseg.core.recipe import Parameters
    from napari_zeroseg.core.suggestion import Tag
    from napari_zeroseg.core.vocabulary import Vocabulary
    from napari_zeroseg.methods.job import Job

BATCH = 16  # prompts per call: large enough to share work, small enough for Cancel to bite


def recognise(image: Plane, vocabulary: Vocabulary, backends: Backends) -> Iterator[Event]:
    """Say which classes of the vocabulary are in the image (steps 1 and 2).

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    vocabulary : Vocabulary
        The target classes.
    backends : Backends
        Tagger, captioner and refiner are asked.

    Yields
    ------
    Event
        Stages, ``Tagged``, ``Described``, ``Suggested``.
    """
    yield StageStarted("Looking at the image")
    described = described_by(backends.refiner, vocabulary)
    tags = tags_of(image, described, backends.tagger)
    yield StageStarted("Writing a caption")
    caption = backends.captioner.caption(image)
    yield Tagged(tags, caption)
    yield StageStarted("Comparing with the classes")
    yield Described(described.classes)
    refiner = backends.refiner
    suggestions = tuple(refiner.suggest(tags, caption, described))
    ideas = refiner.ideas(tags, caption, described) if isinstance(refiner, LanguageModelRefiner) else ()
    yield Suggested(suggestions, tuple(ideas))


def tags_of(image: Plane, described: Vocabulary, tagger: Tagger) -> tuple[Tag, ...]:
    """Return what a tagger says of an image; one that can be told of the classes is told of them."""
    if isinstance(tagger, OpenSetTagger):
        return tuple(tagger.tag_among(image, described.classes))
    return tuple(tagger.tag(image))


def segment(image: Plane, job: Job, claims: Claims) -> Iterator[Event]:
    """Detect and segment the accepted classes (steps 3 to 8).

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    job : Job
        What is looked for; refiner, detector and segmenter are asked.
    claims : Claims
        Knows which pixels are a person's.

    Yields
    ------
    Event
        Stages, ``Described``, ``Detected``, ``Found`` by falling detection score, ``Progress``.
    """
    backends, parameters = job.backends, job.parameters
    yield StageStarted("Looking for " + ", ".join(job.accepted))
    described = described_by(backends.refiner, job.vocabulary)
    yield Described(described.classes)
    detections = backends.detector.detect(image, [described[name] for name in job.accepted])
    yield StageStarted("Mapping phrases to classes")
    matches = match_phrases(detections, described, backends.refiner)
    boxes = usable(detections, matches, job.accepted, parameters)
    yield Detected(tuple(boxes), tuple(matches.values()))
    if boxes:
        yield StageStarted("Preparing the image")
        embedding = backends.segmenter.embed(image)
        yield StageStarted("Drawing masks")
        for start in range(0, len(boxes), BATCH):
            batch = boxes[start : start + BATCH]
            for proposal in proposals(embedding, batch, backends.segmenter, parameters, job.provenance):
                granted = claims.claim(proposal)
                if granted is not None:
                    yield Found(granted)
            yield Progress(start + len(batch), len(boxes))


def described_by(refiner: Refiner, vocabulary: Vocabulary) -> Vocabulary:
    """Return the vocabulary with empty attributes filled in where the refiner knows them."""
    return replace(vocabulary, classes=tuple(refiner.describe(c) for c in vocabulary))


def match_phrases(
    detections: Sequence[Detection], vocabulary: Vocabulary, refiner: Refiner
) -> dict[str, PhraseMatch]:
    """Return for each phrase without a class the class that it means, or none."""
    phrases = dict.fromkeys(d.phrase for d in detections if d.name is None)
    known = {n: PhraseMatch(n, n, "name", 1.0) for n in phrases if n in vocabulary}
    unknown = [phrase for phrase in phrases if phrase not in known]
    asked = refiner.match(unknown, vocabulary) if unknown else []
    return known | {m.phrase: m for m in asked}


def usable(
    detections: Sequence[Detection],
    matches: Mapping[str, PhraseMatch],
    accepted: Sequence[str],
    parameters: Parameters,
) -> list[Detection]:
    """Return the boxes of accepted classes that score enough, each object once, best first."""
    named = [
        d if d.name is not None else replace(d, name=matches[d.phrase].name)
        for d in detections
        if d.score >= parameters.box_threshold and d.text_score >= parameters.text_threshold
    ]
    kept = [
        box for name in accepted for box in suppress([d for d in named if d.name == name], parameters.nms_iou)
    ]
    return suppress_rivals(kept, parameters.cross_class_nms_iou)


def proposals(
    embedding: Embedding,
    batch: Sequence[Detection],
    segmenter: Segmenter,
    parameters: Parameters,
    provenance: Provenance,
) -> list[Instance]:
    """Return the masks of a few boxes, in order; ids are given by claims."""
    drawn = _two_passes(embedding, batch, segmenter, parameters)
    return [_proposal(*found, provenance) for found in zip(batch, drawn, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """The answer to a prompt, and to its box alone where that was asked first."""

    prompt: Prompt
    answer: Logits
    first: Logits | None = None


def _two_passes(
    embedding: Embedding,
    batch: Sequence[Detection],
    segmenter: Segmenter,
    parameters: Parameters,
) -> list[_Drawn]:
    prompts = [Prompt(box=d.box) for d in batch]
    first = segmenter.segment(embedding, prompts)
    if not parameters.refine_points:
        return [_Drawn(*pair) for pair in zip(prompts, first, strict=True)]
    refined = [
        prompt.with_points(
            *choose_points(answer, d.box, parameters.refine_points, spread=parameters.spread_points)
        )
        for d, prompt, answer in zip(batch, prompts, first, strict=True)
    ]
    second = segmenter.segment(embedding, refined)
    return [_Drawn(*row) for row in zip(refined, second, first, strict=True)]


def _proposal(detection: Detection, drawn: _Drawn, provenance: Provenance) -> Instance:
    assert detection.name is not None
    mask = drawn.answer.mask()
    return Instance(
        id=0,  # given by the claims
        name=detection.name,
        mask=mask,
        score=detection.score,
        provenance=replace(
            provenance,
            phrase=detection.phrase,
            box=detection.box,
            points=drawn.prompt.points,
            quality=drawn.answer.score,
            stability=drawn.answer.stability,
            agreement=None if drawn.first is None else mask.iou(drawn.first.mask()),
        ),
    )
