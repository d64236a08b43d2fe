"""What client and server say to each other: questions and answers as documents, pixels as bytes.

A plane is put to ``/v1/planes/DIGEST`` once, as float32; questions name it by its digest. Arrays within
documents carry their type and shape, and their bytes in base64, so that their size is known before
they are unpacked. Nothing is ever pickled.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from napari_zeroseg.backends.remote.problems import BadWireError
from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.exemplars import Alike
from napari_zeroseg.core.image import MAX_SIDE, MIN_SIDE
from napari_zeroseg.core.mask import Logits, Mask
from napari_zeroseg.core.plain_text import plain
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.core.recipe import ClassSpec
from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion, Tag
from napari_zeroseg.core.vocabulary import MAX_CLASSES, TargetClass

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane

PROTOCOL: Final = 1
MOST_ARRAY_BYTES = 1 << 30
CLIENT_HEADER = "X-Zeroseg-Client"
"""By which clients take turns: a random name that a program gives itself."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Name = Annotated[str, Field(min_length=1, max_length=300)]
Text = Annotated[str, Field(max_length=2000)]
Length = Annotated[int, Field(ge=0, le=1 << 16)]
Place = Annotated[int, Field(ge=0, le=MAX_SIDE)]
Side = Annotated[int, Field(ge=MIN_SIDE, le=MAX_SIDE)]
Coordinate = Annotated[float, Field(ge=-MAX_SIDE, le=2 * MAX_SIDE, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Classes = Annotated[tuple[ClassSpec, ...], Field(max_length=MAX_CLASSES)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(_Document):
    protocol: Literal[1] = PROTOCOL


# arrays


class Array(_Document):
    """Numbers: little-endian float32 in C order, or bits, eight to a byte.

    Attributes
    ----------
    dtype : str
        ``"float32"`` or ``"bool"``.
    shape : tuple of int
        At most three axes.
    data : str
        The bytes in base64.
    """

    dtype: Literal["float32", "bool"]
    shape: Annotated[tuple[Length, ...], Field(min_length=1, max_length=3)]
    data: str

    @model_validator(mode="after")
    def _has_its_size(self) -> Array:
        expected = _size(self.dtype, self.shape)
        if expected > MOST_ARRAY_BYTES:
            raise ValueError("the array is too large")
        if len(self.data) != 4 * math.ceil(expected / 3):
            raise ValueError("the bytes of the array are not as many as its shape says")
        return self

    @classmethod
    def of(cls, values: NDArray[Any]) -> Array:
        """Return an array for the wire; floats become float32."""
        flags = values.dtype == np.bool_
        raw = np.packbits(values, axis=None) if flags else np.ascontiguousarray(values, "<f4")
        data = base64.b64encode(raw.tobytes()).decode("ascii")
        return cls(dtype="bool" if flags else "float32", shape=values.shape, data=data)

    def floats(self, axes: int) -> NDArray[np.float32]:
        """Return the numbers, or raise BadWireError where they are none, or have another number of axes."""
        values = np.frombuffer(self._bytes("float32", axes), "<f4").reshape(self.shape)
        return np.array(values, np.float32)

    def flags(self) -> NDArray[np.bool_]:
        """Return the bits, of two axes, or raise BadWireError."""
        packed = np.frombuffer(self._bytes("bool", 2), np.uint8)
        return np.unpackbits(packed, count=math.prod(self.shape)).astype(bool).reshape(self.shape)

    def _bytes(self, dtype: str, axes: int) -> bytes:
        if self.dtype != dtype or len(self.shape) != axes:
            raise BadWireError(f"an array of {dtype} with {axes} axes is expected")
        try:
            raw = base64.b64decode(self.data, validate=True)
        except binascii.Error:
            raise BadWireError("the bytes of an array are not in base64") from None
        if len(raw) != _size(dtype, self.shape):
            raise BadWireError("the bytes of an array are not as many as its shape says")
        return raw


def _size(dtype: str, shape: Sequence[int]) -> int:
    count = math.prod(shape)
    return 4 * count if dtype == "float32" else math.ceil(count / 8)


class MaskSpec(_Document):
    """A mask: row and column of its first pixel, and its bits."""

    origin: tuple[Place, Place]
    pixels: Array

    @classmethod
    def of(cls, mask: Mask) -> MaskSpec:
        return cls(origin=mask.origin, pixels=Array.of(mask.pixels))

    def mask(self, shape: Sequence[int]) -> Mask:
        """Return the mask, or raise BadWireError where it leaves a plane of (H, W)."""
        pixels = self.pixels.flags()
        _within(self.origin, pixels.shape, shape)
        return Mask(self.origin, pixels)


def _within(origin: tuple[int, int], size: Sequence[int], shape: Sequence[int]) -> None:
    if any(o + n > whole for o, n, whole in zip(origin, size, shape, strict=False)):
        raise BadWireError("a mask reaches out of its image")


# planes


def packed(plane: Plane) -> tuple[int, bytes]:
    """Return how many channels are sent of a plane, one where it is grey, and their bytes."""
    bits = plane.view(np.uint32)  # equal numbers can differ in their bits, and the digest is of these
    grey = bool((bits[..., :1] == bits[..., 1:]).all())
    sent = plane[..., 0] if grey else plane
    return 1 if grey else 3, np.ascontiguousarray(sent, "<f4").tobytes()


def unpacked(raw: bytes, height: int, width: int, channels: int) -> Plane:
    """Return the plane of (height, width, 3), which cannot change.

    Raises
    ------
    BadWireError
        When the bytes are not as many as its size says, or are no numbers in 0..1.
    """
    if len(raw) != 4 * height * width * channels:
        raise BadWireError("the bytes of the image are not as many as its size says")
    values = np.frombuffer(raw, "<f4").reshape(height, width, channels)
    if not bool(((values >= 0) & (values <= 1)).all()):  # which NaN is not either
        raise BadWireError("the image holds values that are not in 0..1")
    plane = np.array(np.broadcast_to(values, (height, width, 3)), np.float32, order="C")
    plane.flags.writeable = False
    return plane


# questions


class Survey(_Document):
    """What a model looks at first, to judge the parts of an image by what is usual in all of it."""

    plane: Digest
    classes: Classes


class _OfAModel(_Document):
    model: Name


class PlaneQuestion(_OfAModel):
    """A question about one plane."""

    plane: Digest


class TagQuestion(PlaneQuestion):
    """Which words fit; the classes are told to models that can be told of them."""

    classes: Classes | None = None


class DetectQuestion(PlaneQuestion):
    """Where the classes are."""

    classes: Classes
    survey: Survey | None = None


class EmbedQuestion(PlaneQuestion):
    """To have computed what all prompts on a plane share; it stays on the server."""

    survey: Survey | None = None


class PointSpec(_Document):
    """A click."""

    x: Coordinate
    y: Coordinate
    positive: bool = True


class PromptSpec(_Document):
    """What is asked of one object."""

    points: Annotated[tuple[PointSpec, ...], Field(max_length=2000)] = ()
    box: tuple[Coordinate, Coordinate, Coordinate, Coordinate] | None = None
    mask: MaskSpec | None = None

    @classmethod
    def of(cls, prompt: Prompt) -> PromptSpec:
        points = tuple(PointSpec(x=float(p.x), y=float(p.y), positive=p.positive) for p in prompt.points)
        x0, y0, x1, y1 = prompt.box or (0, 0, 0, 0)
        box = (float(x0), float(y0), float(x1), float(y1)) if prompt.box is not None else None
        return cls(points=points, box=box, mask=None if prompt.mask is None else MaskSpec.of(prompt.mask))

    def prompt(self, shape: tuple[int, int]) -> Prompt:
        """Return the prompt, or raise BadWireError where it names no place of a plane of (H, W)."""
        points = tuple(Point(p.x, p.y, p.positive) for p in self.points)
        if not all(point.within(shape) for point in points):
            raise BadWireError("a point lies outside of the image")
        if self.box is not None and not _meets(self.box, shape):
            raise BadWireError("a box holds nothing of the image")
        return Prompt(points, self.box, None if self.mask is None else self.mask.mask(shape))


def _meets(box: tuple[float, float, float, float], shape: tuple[int, int]) -> bool:
    x0, y0, x1, y1 = box
    return max(x0, 0) < min(x1, shape[1]) and max(y0, 0) < min(y1, shape[0])


class SegmentQuestion(EmbedQuestion):
    """Which masks belong to prompts."""

    prompts: Annotated[tuple[PromptSpec, ...], Field(max_length=1000)]


class SeekQuestion(PlaneQuestion):
    """What is like the examples."""

    accepted: Annotated[tuple[MaskSpec, ...], Field(min_length=1, max_length=100_000)]
    rejected: Annotated[tuple[MaskSpec, ...], Field(max_length=100_000)] = ()
    proposed: Annotated[tuple[MaskSpec, ...], Field(max_length=100_000)] = ()


class ClassifyQuestion(PlaneQuestion):
    """Which classes parts of a plane show."""

    masks: Annotated[tuple[MaskSpec, ...], Field(max_length=1000)]
    classes: Classes


class EncodeQuestion(PlaneQuestion):
    """How a plane and classes are placed in one space."""

    classes: Classes


class TagSpec(_Document):
    """A word that fits."""

    text: Text
    score: Finite


class SuggestQuestion(_OfAModel):
    """Which classes are present, by words alone."""

    tags: Annotated[tuple[TagSpec, ...], Field(max_length=5000)]
    caption: Text
    classes: Classes


class MatchQuestion(_OfAModel):
    """Which classes phrases mean."""

    phrases: Annotated[tuple[Text, ...], Field(max_length=5000)]
    classes: Classes


def specs(classes: Iterable[TargetClass]) -> tuple[ClassSpec, ...]:
    """Return classes as documents."""
    return tuple(ClassSpec.of(target) for target in classes)


def tag_specs(tags: Iterable[Tag]) -> tuple[TagSpec, ...]:
    """Return tags as documents."""
    return tuple(TagSpec(text=tag.text, score=float(tag.score)) for tag in tags)


# answers


class Ready(_Answer):
    """It is done, and there is nothing to say."""


class Tags(_Answer):
    """Tags, best first."""

    tags: tuple[TagSpec, ...]

    def found(self) -> list[Tag]:
        return [Tag(plain(tag.text, 300), tag.score) for tag in self.tags]


class Caption(_Answer):
    """One sentence."""

    caption: Text


class DetectionSpec(_Document):
    """A box of a detector."""

    box: tuple[Finite, Finite, Finite, Finite]
    score: Finite
    phrase: Text
    name: Text | None
    text_score: Finite

    @classmethod
    def of(cls, detection: Detection) -> DetectionSpec:
        x0, y0, x1, y1 = map(float, detection.box)
        return cls(
            box=(x0, y0, x1, y1),
            score=float(detection.score),
            phrase=detection.phrase,
            name=detection.name,
            text_score=float(detection.text_score),
        )

    def detection(self) -> Detection:
        return Detection(self.box, self.score, plain(self.phrase, 300), self.name, self.text_score)


class Detections(_Answer):
    """Boxes, best first."""

    detections: tuple[DetectionSpec, ...]


class LogitsSpec(_Document):
    """A segmenter's answer to one prompt."""

    origin: tuple[Place, Place]
    values: Array
    score: Finite

    @classmethod
    def of(cls, logits: Logits) -> LogitsSpec:
        return cls(origin=logits.origin, values=Array.of(logits.values), score=float(logits.score))

    def logits(self, shape: Sequence[int]) -> Logits:
        """Return the answer, or raise BadWireError where it leaves a plane of (H, W)."""
        values = self.values.floats(2)
        _within(self.origin, values.shape, shape)
        return Logits(self.origin, values, self.score)


class Masks(_Answer):
    """One answer per prompt, in order."""

    answers: tuple[LogitsSpec, ...]


class AlikeSpec(_Document):
    """A mask that may be one more."""

    mask: MaskSpec
    score: Finite

    @classmethod
    def of(cls, alike: Alike) -> AlikeSpec:
        return cls(mask=MaskSpec.of(alike.mask), score=float(alike.score))


class Found(_Answer):
    """Masks that are alike, best first."""

    found: tuple[AlikeSpec, ...]


class Numbers(_Answer):
    """Features of (h, w, d), or probabilities of (masks, classes)."""

    values: Array


class AlignedSpec(_Answer):
    """A plane and classes in one space."""

    dense: Array
    texts: Array
    ground: Array
    sharpness: Finite


class SuggestionSpec(_Document):
    """A class that is believed present, or left out."""

    name: Text
    confidence: Share
    reason: Text
    evidence: tuple[Text, ...]
    source: Text
    implied: bool

    @classmethod
    def of(cls, s: Suggestion) -> SuggestionSpec:
        return cls(
            name=s.name,
            confidence=float(s.confidence),
            reason=s.reason,
            evidence=s.evidence,
            source=s.source,
            implied=s.implied,
        )

    def suggestion(self) -> Suggestion:
        evidence = tuple(plain(text, 300) for text in self.evidence)
        source = plain(self.source, 20)
        return Suggestion(
            self.name, self.confidence, plain(self.reason, 500), evidence, source, implied=self.implied
        )


class Suggestions(_Answer):
    """One suggestion per class, in order."""

    suggestions: tuple[SuggestionSpec, ...]


class MatchSpec(_Document):
    """The class that a phrase means, or none."""

    phrase: Text
    name: Text | None
    source: Text
    score: Finite

    @classmethod
    def of(cls, match: PhraseMatch) -> MatchSpec:
        return cls(phrase=match.phrase, name=match.name, source=match.source, score=float(match.score))

    def match(self) -> PhraseMatch:
        return PhraseMatch(self.phrase, self.name, plain(self.source, 20), self.score)


class Matches(_Answer):
    """One match per phrase, in order."""

    matches: tuple[MatchSpec, ...]


class OfferedFile(_Document):
    """A file of weights; ``sha256`` is empty where it is not known."""

    name: Text
    sha256: Text = ""


class Offer(_Document):
    """A model that the server answers with, for one role."""

    role: Name
    model: Name
    summary: Text = ""
    licence: Text = ""
    repository: Text = ""
    revision: Text = ""
    files: Annotated[tuple[OfferedFile, ...], Field(max_length=1000)] = ()


class About(BaseModel):
    """Who answers, with which models, within which limits.

    It can be read whatever the protocol, so that a client can say which one is spoken.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    protocol: int
    program: Text = ""
    offers: Annotated[tuple[Offer, ...], Field(max_length=10_000)] = ()
    max_pixels: Annotated[int, Field(ge=1)] = 1
    max_question_bytes: Annotated[int, Field(ge=1)] = 1


ProblemKind = Literal[
    "token", "unknown plane", "unknown model", "too large", "busy", "bad request", "slow", "refused", "failed"
]


class Problem(_Document):
    """Why there is no answer; without a word of how the program is built.

    Attributes
    ----------
    kind : str
        For programs.
    happened, remedy : str
        For a person.
    plane : str
        Of ``"unknown plane"``: the digest of the one to be sent.
    """

    protocol: Literal[1] = PROTOCOL
    kind: ProblemKind
    happened: Text
    remedy: Text = ""
    plane: Text = ""
