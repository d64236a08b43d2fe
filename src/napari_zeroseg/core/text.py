"""Plain English words: one spelling, singular forms, head nouns, the words of a sentence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_SEPARATORS = re.compile(r"[\s_\-\u2010-\u2015/]+")
_STRAY = re.compile(r"[^\w\s'+.&]|(?<!\d)\.|\.(?!\d)|(?<!\w)'|'(?!\w)")
_ARTICLES = re.compile(r"^(?:an?|the|some|many|several|few) (?=\S)")

IRREGULAR = {
    # everyday English
    "people": "person", "men": "man", "women": "woman", "children": "child", "mice": "mouse",
    "geese": "goose", "feet": "foot", "teeth": "tooth", "oxen": "ox", "leaves": "leaf",
    "knives": "knife", "wolves": "wolf", "shelves": "shelf", "loaves": "loaf", "halves": "half",
    "calves": "calf", "wives": "wife", "lives": "life", "scarves": "scarf", "thieves": "thief",
    "hooves": "hoof", "elves": "elf", "cacti": "cactus", "dice": "die", "movies": "movie",
    "cookies": "cookie", "brownies": "brownie", "ties": "tie", "pies": "pie", "shoes": "shoe",
    "horseshoes": "horseshoe", "toes": "toe", "canoes": "canoe", "axes": "axis", "buses": "bus",
    "gases": "gas", "lenses": "lens", "matrices": "matrix", "indices": "index",
    # the languages of the laboratory
    "nuclei": "nucleus", "nucleoli": "nucleolus", "mitochondria": "mitochondrion",
    "bacteria": "bacterium", "bacilli": "bacillus", "cocci": "coccus", "fungi": "fungus",
    "hyphae": "hypha", "alveoli": "alveolus", "glomeruli": "glomerulus", "tubuli": "tubulus",
    "villi": "villus", "stomata": "stoma", "cristae": "crista", "algae": "alga", "larvae": "larva",
    "pupae": "pupa", "spermatozoa": "spermatozoon", "protozoa": "protozoon", "flagella": "flagellum",
    "cilia": "cilium", "septa": "septum", "vertebrae": "vertebra", "ova": "ovum", "lumina": "lumen",
    "foci": "focus", "loci": "locus", "papillae": "papilla", "trabeculae": "trabecula",
    "ganglia": "ganglion", "epithelia": "epithelium", "thalli": "thallus", "media": "medium",
    "somata": "soma", "lamellae": "lamella",
    "puncta": "punctum", "micronuclei": "micronucleus", "staphylococci": "staphylococcus",
    "streptococci": "streptococcus", "diplococci": "diplococcus",
}  # fmt: skip

INVARIABLE = frozenset(
    "lens gas bus canvas atlas pancreas series species news swiss bias christmas alias chess "
    "scissors eyeglasses sunglasses binoculars jeans trousers pants shorts tweezers pliers "
    "tennis physics graphics yes plus pus iris ibis lotus".split()
)

STOP_WORDS = frozenset(
    "a an the of on in at by to with and or for from is are was be that this it its there their "
    "his her has have as near next over under behind front about some many several few into onto "
    "up down out off very".split()
)

_MEASURES = frozenset(
    "pair group bunch piece slice set row pile stack lot number herd flock kind type cluster patch "
    "crowd bundle couple".split()
)


@lru_cache(maxsize=65536)
def normalized(text: str) -> str:
    """Return lower-case words parted by single spaces, without articles and punctuation.

    Hyphens, underscores and slashes part words: ``"The Rod-shaped  cell."`` → ``"rod shaped cell"``.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")  # zero-width joiners and the like
    spaced = _SEPARATORS.sub(" ", _STRAY.sub(" ", _SEPARATORS.sub(" ", plain))).strip()
    return _ARTICLES.sub("", spaced)


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """Return the singular of one lower-case noun; what is no plural comes back as it is."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("men") and len(word) > 4 and word[:-3] + "man" in _PERSON_NOUNS:
        return word[:-3] + "man"
    if len(word) < 4 or word in INVARIABLE or word.endswith(("ss", "us", "is", "'s")):
        return word
    for ending, replacement in _PLURAL_ENDINGS:
        if word.endswith(ending):
            return word[: -len(ending)] + replacement
    return word


_PLURAL_ENDINGS = (
    ("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("zzes", "zz"),
    ("oes", "o"), ("s", ""),
)  # fmt: skip

_PERSON_NOUNS = frozenset(
    "policeman fireman fisherman sportsman businessman snowman workman craftsman postman "
    "horseman cameraman salesman gentleman chairman huntsman tribesman".split()
)


@lru_cache(maxsize=65536)
def stem(text: str) -> str:
    """Return :func:`normalized` text with its last word, the noun, in the singular."""
    words = normalized(text).split(" ")
    if words in _WHOLE:
        return words[0]
    return " ".join((*words[:-1], singular(words[-1])))


_WHOLE = (["glasses"],)  # alone it is something to look through, "wine glasses" are several glasses


def squashed(text: str) -> str:
    """Return :func:`stem` without spaces, so that "dining table" equals "diningtable"."""
    return stem(text).replace(" ", "")


def heads(phrase: str) -> Iterator[str]:
    """Yield the shorter noun phrases that say what kind of thing a phrase is, longest first.

    "white blood cell nucleus" → "blood cell nucleus", "cell nucleus", "nucleus";
    "roof of a house" → "roof"; "bunch of bananas" → "banana"; "glia/other (merged)" → "glia".
    """
    plain = re.split(r"[(/]", phrase, maxsplit=1)[0]
    words = stem(_core(normalized(plain))).split(" ")
    start = 0 if " ".join(words) != stem(phrase) else 1
    for first in range(start, len(words)):
        yield " ".join(words[first:])


def _core(phrase: str) -> str:
    """Drop what follows a preposition, or what stands before it when that is a measure."""
    before, preposition, after = phrase.partition(" of ")
    if preposition and singular(before.split(" ")[-1]) in _MEASURES:
        return normalized(after)
    return re.split(r" (?:of|with|in|on|at|for|from|and|near|by) ", phrase, maxsplit=1)[0]


def word_runs(sentence: str, longest: int = 3) -> Iterator[str]:
    """Yield runs of up to ``longest`` words of a sentence, longest first, none with a stop word at an end."""
    words = normalized(sentence).split(" ")
    for length in range(min(longest, len(words)), 0, -1):
        for first in range(len(words) - length + 1):
            run = words[first : first + length]
            if run[0] not in STOP_WORDS and run[-1] not in STOP_WORDS:
                yield " ".join(run)
