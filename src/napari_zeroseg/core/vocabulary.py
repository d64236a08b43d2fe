"""Target classes and the ordered list of them, the vocabulary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.errors import BadVocabularyError

BACKGROUND = "background"
MAX_CLASSES = 255  # a semantic label image stores class ids in 8 bits, 0 is background
MAX_NAME_LENGTH = 80

# Tableau 10 in an order that keeps neighbours apart on dark and on bright images.
PALETTE = (
    "#4e9af1", "#ffa630", "#e8575a", "#59c9a5", "#f2d64b",
    "#b07cd8", "#ff8fb1", "#9c755f", "#7fd1e0", "#a3c644",
)  # fmt: skip

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def check_class_name(name: str) -> str:
    """Return the name with its outer spaces removed, or raise.

    Raises
    ------
    BadVocabularyError
        When the name is empty, reserved, too long, or holds line breaks,
        control characters, emoji, or one of ``: ;``, which separate classes in text.
    """
    clean = name.strip()
    if not clean:
        raise BadVocabularyError("A class has no name.", remedy="Type a name such as 'nucleus'.")
    if clean.casefold() == BACKGROUND:
        raise BadVocabularyError(
            "'background' is always there as id 0 and cannot be a target class.",
            remedy="Leave it out: what no class claims is background.",
        )
    if len(clean) > MAX_NAME_LENGTH:
        raise BadVocabularyError(
            f"A class name is {len(clean)} characters long.",
            remedy=f"Use at most {MAX_NAME_LENGTH} characters, and put the rest into attributes.",
        )
    bad = next((c for c in name.strip(" ") if _is_unprintable(c) or c in ":;"), None)
    if bad is not None:
        raise BadVocabularyError(
            f"The class name {clean!a} holds the character {_spell(bad)}.",
            remedy="Use letters, digits, spaces and simple punctuation.",
        )
    return clean


def _is_unprintable(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "C" or category in {"So", "Zl", "Zp"} or character == "\ufe0f"


def _spell(character: str) -> str:
    return f"{unicodedata.name(character, 'control character').lower()} (U+{ord(character):04X})"


@dataclass(frozen=True, slots=True)
class TargetClass:
    """A name that the user wants segmented.

    Parameters
    ----------
    name : str
        Unique within a vocabulary, without regard to case.
    color : str, optional
        ``#rrggbb``; empty until the vocabulary gives one from its palette.
    synonyms : tuple of str, optional
        Other words for the same class.
    attributes : Attributes, optional
        What it looks like, in words.
    may_overlap : tuple of str, optional
        Names of classes whose pixels this class may share.
    """

    name: str
    color: str = ""
    synonyms: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=Attributes)
    may_overlap: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", check_class_name(self.name))
        if self.color and not _COLOR.fullmatch(self.color):
            raise BadVocabularyError(
                f"The colour {self.color!a} of class '{self.name}' is not of the form #rrggbb."
            )

    @classmethod
    def parse(cls, text: str) -> TargetClass:
        """Read ``"name"`` or ``"name: attribute, attribute"``."""
        name, _, attributes = text.partition(":")
        return cls(name, attributes=Attributes.parse(attributes))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The ordered list of target classes; the class at position ``i`` has id ``i + 1``.

    Raises
    ------
    BadVocabularyError
        When two names are alike but for case, or there are more than ``MAX_CLASSES``.
    """

    classes: tuple[TargetClass, ...] = ()

    def __post_init__(self) -> None:
        _check_count(len(self.classes))
        _check_unique(c.name for c in self.classes)
        object.__setattr__(self, "classes", _colored(self.classes))

    def __iter__(self) -> Iterator[TargetClass]:
        return iter(self.classes)

    def __len__(self) -> int:
        return len(self.classes)

    def __contains__(self, name: object) -> bool:
        return any(c.name == name for c in self.classes)

    def __getitem__(self, name: str) -> TargetClass:
        for target in self.classes:
            if target.name == name:
                return target
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.classes)

    def id_of(self, name: str) -> int:
        """Return the class id, 1 for the first class."""
        return self.names.index(name) + 1

    def overlap_allowed(self, a: str, b: str) -> bool:
        """Say whether pixels may belong to both classes."""
        return b in self[a].may_overlap or a in self[b].may_overlap

    def required(self) -> Vocabulary:
        """Return self, or raise when there is no class."""
        if not self.classes:
            raise BadVocabularyError("There is no class to look for.", remedy="Add at least one class name.")
        return self

    def added(self, target: TargetClass) -> Vocabulary:
        return Vocabulary((*self.classes, target))

    def removed(self, name: str) -> Vocabulary:
        return Vocabulary(tuple(c for c in self.classes if c.name != name))

    def replaced(self, name: str, target: TargetClass) -> Vocabulary:
        """Put ``target`` in the place of the class called ``name``."""
        return Vocabulary(tuple(target if c.name == name else c for c in self.classes))

    def moved(self, name: str, position: int) -> Vocabulary:
        """Move a class to a 0-based position."""
        rest = [c for c in self.classes if c.name != name]
        rest.insert(position, self[name])
        return Vocabulary(tuple(rest))

    @classmethod
    def parse(cls, text: str) -> Vocabulary:
        """Read ``"nucleus: dark purple, round; cytoplasm: pale pink"``.

        Classes are parted by ``;`` or line breaks. Where no class has attributes, commas
        part classes too: ``"person, car"``.
        """
        parts = [p for p in re.split(r"[;\n]", text) if p.strip()]
        if ":" not in text:
            parts = [p for part in parts for p in part.split(",") if p.strip()]
        return cls(tuple(TargetClass.parse(p) for p in parts))

    def text(self) -> str:
        """Return the form that :meth:`parse` reads."""
        if len(self) == 1 and not self.classes[0].attributes.text():
            return self.classes[0].name
        return "; ".join(f"{c.name}: {c.attributes.text()}".rstrip() for c in self.classes)


def _check_count(count: int) -> None:
    if count > MAX_CLASSES:
        raise BadVocabularyError(
            f"{count} classes were given.",
            remedy=f"A label image holds at most {MAX_CLASSES} classes: split the list into several runs.",
        )


def _check_unique(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise BadVocabularyError(
                f"The class name '{name}' is there twice.", remedy="Give each class its own name."
            )
        seen.add(name.casefold())


def _colored(classes: tuple[TargetClass, ...]) -> tuple[TargetClass, ...]:
    taken = {c.color for c in classes}
    free = [color for color in PALETTE if color not in taken] or list(PALETTE)
    colored, used = [], 0
    for target in classes:
        if not target.color:
            target = replace(target, color=free[used % len(free)])
            used += 1
        colored.append(target)
    return tuple(colored)


def renamed_classes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (old, new) for names that changed in their place."""
    if len(old) == len(new):
        for before, after in zip(old, new, strict=True):
            if before != after and before not in new and after not in old:
                yield before, after
