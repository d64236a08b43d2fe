"""Tags of a recogniser to target classes, without a language model: recall and what is rightly left out."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_zeroseg.backends import minilm
from napari_zeroseg.backends.embedded import refiner_kinds, refiner_neighbors
from napari_zeroseg.backends.embedded.lexicon import Lexicon
from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.backends.embedded.word_lists import read_yaml
from napari_zeroseg.core.text import normalized, squashed
from napari_zeroseg.core.vocabulary import BACKGROUND, TargetClass, Vocabulary

if TYPE_CHECKING:
    from napari_zeroseg.backends.roles import TextEncoder

LISTS = ("voc21", "cityscapes19", "ade150")
# Two more lists of a recogniser's tags, sorted by hand before anything was tried on them; blank: arguable.
# The rule for senses was chosen with the development list and the own list in view; the fresh one, tags
# that follow each other in the recogniser's list, was made after that.
OWN_TAGS = Path(__file__).with_name("tags.csv")
FRESH_TAGS = Path(__file__).with_name("fresh_tags.csv")
WANTED_RECALL, WANTED_LEFT_OUT = 0.85, 0.93


@dataclass(frozen=True, slots=True)
class Row:
    """A tag and the classes it may mean; an empty set where it means none."""

    tag: str
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Score:
    """Class rows that got a right class, and ``none`` rows that got no class."""

    recall: float
    left_out: float
    class_rows: int
    none_rows: int
    missed: tuple[str, ...]
    let_in: tuple[str, ...]


def data_folder() -> Path:
    """Return where the real data lies: ``ZEROSEG_DATA``, or beside the repository."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("ZEROSEG_DATA", default))


def vocabulary_of(folder: Path, name: str) -> Vocabulary:
    """Read a class list: names, and synonyms where the list itself has them as names."""
    classes = json.loads((folder / "classlists" / f"{name}.json").read_text())["classes"]
    return Vocabulary(
        tuple(
            TargetClass(c["name"], synonyms=tuple(s for s in c.get("synonyms", ()) if s != c["name"]))
            for c in classes
            if c["name"] != BACKGROUND
        )
    )


def rows_of(file: Path, name: str) -> list[Row]:
    """Read the scored rows of a list: neither blank nor disputed."""
    with file.open(newline="") as lines:
        rows = [r for r in csv.DictReader(lines) if r[name] and r.get(f"{name}_evidence") != "disputed"]
    return [Row(r["tag"], frozenset(r[name].split("|")) - {"none"}) for r in rows]


def exact(tags: list[str], vocabulary: Vocabulary) -> list[str | None]:
    """Match by spelling alone, case and hyphens aside."""
    names = {normalized(word): c.name for c in vocabulary for word in (c.name, *c.synonyms)}
    return [names.get(normalized(tag)) for tag in tags]


def score(rows: Iterable[Row], answers: Iterable[str | None]) -> Score:
    """Count class rows and ``none`` rows apart: most rows of a short list are ``none``."""
    pairs = list(zip(rows, answers, strict=True))
    meant = [(row, answer) for row, answer in pairs if row.classes]
    none = [(row, answer) for row, answer in pairs if not row.classes]
    missed = tuple(f"{row.tag} → {answer}" for row, answer in meant if answer not in row.classes)
    let_in = tuple(f"{row.tag} → {answer}" for row, answer in none if answer)
    return Score(
        round(1 - len(missed) / len(meant), 3), round(1 - len(let_in) / len(none), 3),
        len(meant), len(none), missed, let_in,
    )  # fmt: skip


Way = Callable[[list[str], Vocabulary], list[str | None]]


def without(tags: Iterable[str], vocabulary: Vocabulary) -> Lexicon:
    """Return the shipped lexicon without the tags, as if nobody had thought of these words.

    Class names stay, so that what remains of their entries still counts.
    """
    names = {squashed(word) for c in vocabulary for word in (c.name, *c.synonyms)}
    hidden = {squashed(tag) for tag in tags} - names

    def kept(words: str) -> str:
        return ", ".join(word for word in words.split(",") if squashed(word) not in hidden)

    entries = read_yaml("synonyms.yaml").items()
    return Lexicon(
        {
            concept: {field: kept(words) for field, words in entry.items()}
            for concept, entry in entries
            if squashed(concept) not in hidden
        }
    )


def run() -> dict[str, Any]:
    """Score every list by spelling, then with one more source of knowledge at a time; print and return."""
    folder = data_folder()
    files = {"development list": folder / "tag2class_dev.csv", "own list": OWN_TAGS, "fresh list": FRESH_TAGS}
    ways = _ways(minilm.installed())
    scores = {
        title: {way: {name: asdict(_scored(folder, file, name, ways[way])) for name in LISTS} for way in ways}
        for title, file in files.items()
    }
    result = {"parameters": _parameters(), "encoder": minilm.installed() is not None, "scores": scores}
    _print(result)
    return result


def _ways(encoder: TextEncoder | None) -> dict[str, Way]:
    """Return the ways to match; in those "held out" the lexicon does not have the tags of the list."""
    ways = {
        "exact": exact,
        "+ synonyms": _refined(None, nouns=None),
        "+ hierarchy": _refined(None),
        "+ synonyms, held out": _refined(None, nouns=None, held_out=True),
        "+ hierarchy, held out": _refined(None, held_out=True),
    }
    if encoder is not None:
        ways["+ embeddings"] = _refined(encoder)
        ways["+ embeddings, held out"] = _refined(encoder, held_out=True)
        ways["embeddings alone"] = _refined(encoder, nouns=None, words=Lexicon({}))
    return ways


def _refined(
    encoder: TextEncoder | None,
    *,
    nouns: Literal["shipped"] | None = "shipped",
    words: Lexicon | None = None,
    held_out: bool = False,
) -> Way:
    def way(tags: list[str], vocabulary: Vocabulary) -> list[str | None]:
        lexicon = without(tags, vocabulary) if held_out else words
        refiner = EmbeddedRefiner(encoder, words=lexicon, nouns=nouns)
        return [match.name for match in refiner.match(tags, vocabulary)]

    return way


def _scored(folder: Path, file: Path, name: str, way: Way) -> Score:
    rows = rows_of(file, name)
    return score(rows, way([row.tag for row in rows], vocabulary_of(folder, name)))


def _parameters() -> dict[str, float]:
    return {
        "least share": refiner_kinds.LEAST_SHARE,
        "sense temperature": refiner_kinds.TEMPERATURE,
        "threshold": refiner_neighbors.THRESHOLD,
        "neighbors": refiner_neighbors.NEIGHBORS,
        "temperature": refiner_neighbors.TEMPERATURE,
        "share": refiner_neighbors.SHARE,
    }


def _print(result: dict[str, Any]) -> None:
    print(f"tag2class, one setting for all lists: {result['parameters']}")
    for title, ways in result["scores"].items():
        print(f"\n{title:28}" + "".join(f"{name:>24}" for name in LISTS))
        print(f"{'':28}" + f"{'recall':>12}{'left out':>12}" * len(LISTS))
        for way, scores in ways.items():
            cells = "".join(f"{scores[n]['recall']:12.3f}{scores[n]['left_out']:12.3f}" for n in LISTS)
            print(f"{way:28}{cells}")
    print(f"{'to reach':28}" + f"{WANTED_RECALL:12.3f}{WANTED_LEFT_OUT:12.3f}" * len(LISTS))
