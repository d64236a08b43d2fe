"""Data sets as their official archives unpack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.evaluation.classes import class_list
from napari_zeroseg.evaluation.truth import Sample, Truth, cityscapes_objects, read_truth, voc_objects

if TYPE_CHECKING:
    from napari_zeroseg.evaluation.classes import ClassList
    from napari_zeroseg.evaluation.truth import Values

_SHOWN = 8
_THING_MAPS = ("stuffthingmaps_trainval2017/val2017", "stuffthingmaps/val2017", "annotations/val2017")
_PIXEL_MAPS = ("stuff_val2017_pixelmaps", "annotations/stuff_val2017_pixelmaps", "pixelmaps/val2017")


@dataclass(frozen=True)
class Dataset:
    """Images with truth.

    Parameters
    ----------
    classes : ClassList
        What is scored.
    samples : tuple of Sample
        In the order of the data set.
    told_apart : callable, optional
        Returns ids of what files with objects hold.
    most : int or None
        Detections of a class in an image that count for average precision; COCO has 100.
    """

    classes: ClassList
    samples: tuple[Sample, ...]
    told_apart: Callable[[Values], Values] | None = None
    most: int | None = 100

    def first(self, count: int | None) -> Dataset:
        """Return the data set with no more than a number of images."""
        return replace(self, samples=self.samples[:count])

    def truth(self, sample: Sample) -> Truth:
        """Read what is in an image, or raise BadFileError."""
        return read_truth(sample, self.classes, self.told_apart)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a data set lies on disk.

    Parameters
    ----------
    reader : callable
        Returns the data set below a root, with a class list.
    lists : tuple of str
        Class lists that it can be scored with, the usual one first.
    expected : tuple of str
        What is below the root, to be told to a person; as patterns.
    """

    reader: Callable[[Path, ClassList], Dataset]
    lists: tuple[str, ...]
    expected: tuple[str, ...]


def open_dataset(name: str, root: Path, classes: int | None = None) -> Dataset:
    """Open a data set with images for validation.

    Parameters
    ----------
    name : str
        One of :data:`LAYOUTS`.
    root : Path
        The folder into which its archives were unpacked.
    classes : int, optional
        How many classes are scored, where there are several ways.

    Raises
    ------
    BadFileError
        When the root holds something else; the text says what is expected and what is there.
    """
    layout = LAYOUTS[name]
    keys = {int(key.rpartition("-")[2]): key for key in layout.lists}
    chosen = next(iter(keys)) if classes is None else classes
    if chosen not in keys:
        raise BadFileError(
            f"{name} is not scored with {chosen} classes.",
            remedy=f"Choose from: {', '.join(map(str, keys))}.",
        )
    dataset = layout.reader(root.absolute(), class_list(keys[chosen]))
    if not dataset.samples:
        raise _not_there(name, layout, f"No images with truth were found below '{root}', {_holding(root)}.")
    missing = [path for path in dataset.samples[0].files if not path.is_file()]
    if missing:
        raise _not_there(name, layout, f"There is no '{missing[0]}'.")
    return dataset


def _not_there(name: str, layout: Layout, found: str) -> BadFileError:
    return BadFileError(
        f"{found} For {name} are expected: {', '.join(layout.expected)}.",
        remedy="Give the folder into which the archives of the data set were unpacked.",
    )


def _holding(root: Path) -> str:
    if not root.is_dir():
        return "which is no folder"
    names = sorted(f"{p.name}/" if p.is_dir() else p.name for p in root.iterdir())
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"which holds {', '.join(names[:_SHOWN]) or 'nothing'}{rest}"


def inside(root: Path, *names: str) -> Path:
    """Return the root, or the folder below it into which an archive unpacks, whichever holds the data.

    The folders of ``names`` are stepped into as far as they are there, so that the root may be the
    folder of the download or any of them.
    """
    folder = root
    for name in names:
        folder = folder / name if (folder / name).is_dir() else folder
    return folder


def _listed(file: Path) -> list[str]:
    """Return the names in a list of images, one on each line; none where there is no list."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    names = [line.split()[0] for line in lines if line.strip()]
    # a list comes with a download, and names files below the root alone
    return [name for name in names if not name.startswith("/") and ".." not in name]


def _voc(root: Path, classes: ClassList) -> Dataset:
    base = inside(root, "VOCdevkit", "VOC2012")
    samples = (
        Sample(
            stem,
            base / "JPEGImages" / f"{stem}.jpg",
            base / "SegmentationClass" / f"{stem}.png",
            base / "SegmentationObject" / f"{stem}.png",
        )
        for stem in _listed(base / "ImageSets" / "Segmentation" / "val.txt")
    )
    return Dataset(classes, tuple(samples), voc_objects)


def _pascal_context(root: Path, classes: ClassList) -> Dataset:
    base = inside(root, "VOCdevkit", "VOC2010")
    samples = (
        Sample(
            stem,
            base / "JPEGImages" / f"{stem}.jpg",
            base / "SegmentationClassContext" / f"{stem}.png",
        )
        for stem in _listed(base / "ImageSets" / "SegmentationContext" / "val.txt")
    )
    return Dataset(classes, tuple(samples))


def _ade20k(root: Path, classes: ClassList) -> Dataset:
    base = inside(root, "ADEChallengeData2016")
    return Dataset(
        classes, _beside(base / "images" / "validation", ".jpg", base / "annotations" / "validation")
    )


def _coco_stuff(root: Path, classes: ClassList) -> Dataset:
    images = _first_folder(root, "images/val2017", "val2017")
    labels = _first_folder(root, *_THING_MAPS, *_PIXEL_MAPS)
    if labels in {root / name for name in _PIXEL_MAPS}:
        classes = classes.shifted(1)  # these hold the ids themselves, and 183 for any thing
    return Dataset(classes, _beside(images, ".jpg", labels))


def _first_folder(root: Path, *names: str) -> Path:
    return next((root / name for name in names if (root / name).is_dir()), root / names[0])


def _beside(images: Path, suffix: str, labels: Path) -> tuple[Sample, ...]:
    """Return the images of a folder that have a label file of the same name in another."""
    if images == labels:
        return ()
    paths = sorted(images.glob(f"*{suffix}"))
    pairs = ((image, labels / f"{image.stem}.png") for image in paths)
    return tuple(Sample(image.stem, image, label) for image, label in pairs if label.is_file())


def _cityscapes(root: Path, classes: ClassList) -> Dataset:
    images, labels = root / "leftImg8bit" / "val", root / "gtFine" / "val"
    samples = []
    for image in sorted(images.glob("*/*_leftImg8bit.png")):
        stem = image.name.removesuffix("_leftImg8bit.png")
        truth = labels / image.parent.name / f"{stem}_gtFine"
        samples.append(Sample(stem, image, Path(f"{truth}_labelIds.png"), Path(f"{truth}_instanceIds.png")))
    return Dataset(classes, tuple(s for s in samples if s.values and s.values.is_file()), cityscapes_objects)


def _dram(root: Path, classes: ClassList) -> Dataset:
    base = inside(root, "DRAM_processed")
    names = _listed(base / "test" / "dram.txt")
    if not names:
        paths = sorted((base / "test").rglob("*.jpg"))
        names = [path.relative_to(base / "test").with_suffix("").as_posix() for path in paths]
    samples = (
        Sample(name.replace("/", "-"), base / "test" / f"{name}.jpg", base / "labels" / f"{name}.png")
        for name in names
    )
    return Dataset(classes, tuple(samples))


LAYOUTS = {
    "voc": Layout(
        _voc,
        ("voc-21", "voc-20"),
        (
            "VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt", "VOCdevkit/VOC2012/JPEGImages",
            "VOCdevkit/VOC2012/SegmentationClass", "VOCdevkit/VOC2012/SegmentationObject",
        ),
    ),
    "ade20k": Layout(
        _ade20k,
        ("ade20k-150",),
        ("ADEChallengeData2016/images/validation", "ADEChallengeData2016/annotations/validation"),
    ),
    "pascal-context": Layout(
        _pascal_context,
        ("pascal-context-59", "pascal-context-60"),
        (
            "VOCdevkit/VOC2010/ImageSets/SegmentationContext/val.txt", "VOCdevkit/VOC2010/JPEGImages",
            "VOCdevkit/VOC2010/SegmentationClassContext",
        ),
    ),
    "coco-stuff": Layout(
        _coco_stuff,
        ("coco-stuff-171", "coco-stuff-27"),
        ("images/val2017 or val2017", "stuffthingmaps/val2017 or stuff_val2017_pixelmaps"),
    ),
    "cityscapes": Layout(_cityscapes, ("cityscapes-19",), ("leftImg8bit/val", "gtFine/val")),
    "dram": Layout(_dram, ("dram-12",), ("DRAM_processed/test", "DRAM_processed/labels")),
}  # fmt: skip
