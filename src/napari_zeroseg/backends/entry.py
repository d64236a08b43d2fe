"""What the catalog says of a backend, as data: nothing here imports a model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a backend is asked to do."""

    TAGGER = "tagger"
    CAPTIONER = "captioner"
    REFINER = "refiner"
    DETECTOR = "detector"
    SEGMENTER = "segmenter"
    SEEKER = "seeker"
    EXTRACTOR = "feature extractor"
    CLASSIFIER = "region classifier"
    ENCODER = "image-text encoder"
    DETAIL = "detail extractor"


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model.

    Parameters
    ----------
    name : str
        Relative to the model's folder, with ``/`` between parts.
    size : int
        In bytes, about; 0 where it is small and not worth naming.
    sha256 : str
        Of the content, in hexadecimal digits; its first digits alone where no more are published;
        empty where the server says it at the download.
    url : str
        Where the file is, if not in the repository of the weights.
    """

    name: str
    size: int = 0
    sha256: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Weights:
    """The files that a backend loads, and on which terms.

    Parameters
    ----------
    repository : str
        ``owner/name`` on the Hugging Face hub; it names the folder on this machine too.
    files : tuple of WeightFile
        All that is needed and no more.
    revision : str
        Branch, tag or commit of the repository.
    terms : str
        Page on which a person must accept terms before the download; empty where there is none.
    """

    repository: str
    files: tuple[WeightFile, ...]
    revision: str = "main"
    terms: str = ""

    @property
    def size(self) -> int:
        """Bytes to download, about."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Entry:
    """One backend for one role.

    Parameters
    ----------
    role : Role
        What it does.
    name : str
        ``family:variant``; ``family:*`` where the user names the variant.
    target : str
        ``module:attribute`` of what is called to make it: with the ``Checkpoint`` where there are
        weights, with the variant where that is open, without arguments otherwise.
    summary : str
        One line for a person.
    licence : str
        Of code and weights.
    weights : Weights or None
        What it loads; None where nothing is downloaded.
    memory : int
        Bytes that the loaded model takes, about, in the precision in which it is held; of one that is
        held in parts, all together.
    packages : tuple of str
        What must be importable, by the names of the modules.
    capabilities : frozenset of str
        Of a segmenter: ``"points"``, ``"boxes"``, ``"masks"``; ``"video"`` where it follows objects
        from plane to plane with a memory of its own.
    """

    role: Role
    name: str
    target: str
    summary: str
    licence: str
    weights: Weights | None = None
    memory: int = 0
    packages: tuple[str, ...] = ()
    capabilities: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether the user names the variant."""
        return self.name.endswith(":*")

    def answers_to(self, name: str) -> bool:
        """Return whether a backend's name means this entry."""
        if not self.is_open:
            return name == self.name
        family, _, variant = name.partition(":")
        return f"{family}:*" == self.name and bool(variant.strip()) and variant != "*"
