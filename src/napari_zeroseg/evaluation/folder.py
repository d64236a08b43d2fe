"""A data set of one's own: a folder of images, one of masks, and a list of classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError, ZeroSegError
from napari_zeroseg.core.vocabulary import BACKGROUND, TargetClass
from napari_zeroseg.evaluation.classes import ClassList, ScoredClass
from napari_zeroseg.evaluation.datasets import Dataset
from napari_zeroseg.evaluation.truth import Sample, plain_objects
from napari_zeroseg.export.untrusted import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

CLASSES, IMAGES, MASKS, OBJECTS = "classes.txt", "images", "masks", "objects"
_ENDINGS = (".png", ".tif", ".tiff")
_FORM = (
    "Expected are images/, masks/ (class ids) or objects/ (object ids) with files of the same names, and "
    "classes.txt with lines such as '1 nucleus' or '1 nucleus: dark purple, round'."
)


def open_folder(root: Path) -> Dataset:
    """Open a data set of one's own.

    Parameters
    ----------
    root : Path
        With ``images``, ``masks`` or ``objects``, and ``classes.txt``.

    Raises
    ------
    BadFileError
        When something is missing; the text says what is expected.
    """
    root = root.absolute()
    apart = (root / OBJECTS).is_dir()
    classes = _read_classes(root / CLASSES, apart=apart)
    masks, objects = (_by_stem(root / name) for name in (MASKS, OBJECTS))
    if not masks and (len(classes) != 2 or not classes.background):
        raise BadFileError(
            f"'{root}' has no {MASKS}/, and without them there must be one class beside the background.",
            remedy=_FORM,
        )
    samples = []
    for stem, image in _by_stem(root / IMAGES, ()).items():
        mine = masks.get(stem), objects.get(stem)
        if (mine[0] if masks else mine[1]) is not None:
            samples.append(Sample(stem, image, *mine))
    if not samples:
        raise BadFileError(f"'{root}' has no image with a mask of the same name.", remedy=_FORM)
    return Dataset(classes, tuple(samples), plain_objects if apart else None, most=None)


def _by_stem(folder: Path, endings: Iterable[str] = _ENDINGS) -> dict[str, Path]:
    wanted = tuple(endings)
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return {
        path.stem: path
        for path in paths
        if path.is_file() and not path.name.startswith(".") and (not wanted or path.suffix.lower() in wanted)
    }


def _read_classes(path: Path, *, apart: bool) -> ClassList:
    if not path.is_file():
        raise BadFileError(f"'{path.parent}' has no {CLASSES}.", remedy=_FORM)
    try:
        lines = read_bytes(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadFileError(f"'{path}' is no text.", remedy=_FORM) from error
    rows = [_row(line, number, apart=apart) for number, line in enumerate(lines, 1) if _says_something(line)]
    background = [c for c in rows if c.name == BACKGROUND]
    others = [c for c in rows if c.name != BACKGROUND]
    found = ClassList("folder", path.parent.name, (*background, *others), bool(background))
    if not others or len({c.name.casefold() for c in rows}) < len(rows):
        raise BadFileError(f"'{path}' has no class, or one twice.", remedy=_FORM)
    return found


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _row(line: str, number: int, *, apart: bool) -> ScoredClass:
    value, _, rest = line.strip().partition(" ")
    if not value.isdecimal() or not rest.strip():
        raise BadFileError(
            f"Line {number} of {CLASSES} is not an id and a name: {line.strip()!a}.", remedy=_FORM
        )
    if rest.strip().casefold() == BACKGROUND:
        return ScoredClass(BACKGROUND, (int(value),))
    try:
        target = TargetClass.parse(rest)
    except ZeroSegError as error:
        raise BadFileError(f"Line {number} of {CLASSES}: {error.happened}", remedy=error.remedy) from error
    return ScoredClass(target.name, (int(value),), apart, looks=target.attributes)
