"""Names that other tools give to classes, as names of target classes."""

from __future__ import annotations

from napari_zeroseg.core.errors import BadVocabularyError
from napari_zeroseg.core.vocabulary import MAX_NAME_LENGTH, check_class_name

UNNAMED = "unnamed"


def usable_name(name: str, taken: set[str]) -> str:
    """Return a name as a class may have it, and note it among those that are taken.

    Characters that a class name cannot hold become ``-``, and a name that is there already, but
    for case, gets a number.

    >>> usable_name("Tumor: Positive", set())
    'Tumor- Positive'
    >>> usable_name("cell", {"cell"})
    'cell-2'
    """
    fit = _fit(name)
    candidate, number = fit, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{fit[: MAX_NAME_LENGTH - 5]}-{number}"
    taken.add(candidate.casefold())
    return candidate


def _fit(name: str) -> str:
    if _is_usable(name):
        return name.strip()
    plain = "".join(c if _is_usable(f"x{c}x") else "-" for c in name.strip())
    plain = plain[:MAX_NAME_LENGTH].strip() or UNNAMED
    # what is left is the one name that is reserved
    return plain if _is_usable(plain) else f"{plain}-"


def _is_usable(name: str) -> bool:
    try:
        check_class_name(name)
    except BadVocabularyError:
        return False
    return True
