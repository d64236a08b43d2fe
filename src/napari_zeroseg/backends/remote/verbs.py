"""What can be asked of a server: each with a path, a role, and the forms of question and answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.remote import wire

Q = TypeVar("Q", bound=BaseModel)
A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Verb(Generic[Q, A]):
    """One kind of question.

    Parameters
    ----------
    name : str
        Also the last part of its path.
    role : Role
        Of the models that are asked.
    question, answer : type
        What goes and what comes back.
    """

    name: str
    role: Role
    question: type[Q]
    answer: type[A]

    @property
    def path(self) -> str:
        return f"/v{wire.PROTOCOL}/{self.name}"


ABOUT_PATH = f"/v{wire.PROTOCOL}/about"
PLANES_PATH = f"/v{wire.PROTOCOL}/planes"

TAG = Verb("tag", Role.TAGGER, wire.TagQuestion, wire.Tags)
CAPTION = Verb("caption", Role.CAPTIONER, wire.PlaneQuestion, wire.Caption)
SUGGEST = Verb("suggest", Role.REFINER, wire.SuggestQuestion, wire.Suggestions)
MATCH = Verb("match", Role.REFINER, wire.MatchQuestion, wire.Matches)
DETECT = Verb("detect", Role.DETECTOR, wire.DetectQuestion, wire.Detections)
EMBED = Verb("embed", Role.SEGMENTER, wire.EmbedQuestion, wire.Ready)
SEGMENT = Verb("segment", Role.SEGMENTER, wire.SegmentQuestion, wire.Masks)
SEEK = Verb("seek", Role.SEEKER, wire.SeekQuestion, wire.Found)
FEATURES = Verb("features", Role.EXTRACTOR, wire.PlaneQuestion, wire.Numbers)
DETAIL = Verb("detail", Role.DETAIL, wire.PlaneQuestion, wire.Numbers)
CLASSIFY = Verb("classify", Role.CLASSIFIER, wire.ClassifyQuestion, wire.Numbers)
ENCODE = Verb("encode", Role.ENCODER, wire.EncodeQuestion, wire.AlignedSpec)
