"""Small data sets, written as the official archives unpack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SHAPE = (48, 64)


@dataclass(frozen=True)
class Scene:
    """One image: values of classes as the data set writes them, and ids of objects."""

    stem: str
    values: np.ndarray
    objects: np.ndarray


def scenes(
    stems: Sequence[str], ground: Sequence[int], things: Sequence[int], void: int, seed: int = 0
) -> list[Scene]:
    """Draw rectangles of classes ``things`` on strips of classes ``ground``, with a void corner."""
    rng = np.random.default_rng(seed)
    return [_scene(stem, rng, ground, things, void) for stem in stems]


def _scene(
    stem: str, rng: np.random.Generator, ground: Sequence[int], things: Sequence[int], void: int
) -> Scene:
    values = np.zeros(SHAPE, np.uint8)
    for strip, value in zip(np.array_split(np.arange(SHAPE[0]), len(ground)), ground, strict=True):
        values[strip] = value
    objects = np.zeros(SHAPE, np.uint16)
    for number in range(1, int(rng.integers(4, 8))):
        y, x = rng.integers(0, 36), rng.integers(0, 50)
        place = (slice(y, y + rng.integers(5, 14)), slice(x, x + rng.integers(5, 14)))
        values[place], objects[place] = rng.choice(things), number
    values[:6, :10], objects[:6, :10] = void, 0
    return Scene(stem, values, objects)


def _write(path: Path, array: np.ndarray, palette: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    if palette:
        image.putpalette([part for value in range(256) for part in (value, 255 - value, value // 2)])
    image.save(path)


def _picture(path: Path, scene: Scene) -> None:
    levels = (scene.values.astype(int) * 37 + 20) % 256
    _write(path, np.stack([levels, levels[::-1], 255 - levels], axis=-1).astype(np.uint8))


def _list(path: Path, names: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(names) + "\n")


def voc(root: Path) -> list[Scene]:
    made = scenes(["2007_000033", "2008_000533", "2011_003256"], [0], [1, 2, 15], 255)
    base = root / "VOCdevkit" / "VOC2012"
    for scene in made:
        objects = np.where(scene.values == 255, 255, scene.objects).astype(np.uint8)
        _picture(base / "JPEGImages" / f"{scene.stem}.jpg", scene)
        _write(base / "SegmentationClass" / f"{scene.stem}.png", scene.values, palette=True)
        _write(base / "SegmentationObject" / f"{scene.stem}.png", objects, palette=True)
    _picture(base / "JPEGImages" / "2007_000001.jpg", made[0])  # only some of the images have masks
    _list(base / "ImageSets" / "Segmentation" / "val.txt", [scene.stem for scene in made])
    return made


def pascal_context(root: Path) -> list[Scene]:
    made = scenes(["2008_000008", "2008_000015"], [0, 29, 47], [1, 15, 59], 0)
    base = root / "VOCdevkit" / "VOC2010"
    for scene in made:
        _picture(base / "JPEGImages" / f"{scene.stem}.jpg", scene)
        _write(base / "SegmentationClassContext" / f"{scene.stem}.png", scene.values)
    _list(base / "ImageSets" / "SegmentationContext" / "val.txt", [scene.stem for scene in made])
    return made


def ade20k(root: Path) -> list[Scene]:
    made = scenes(["ADE_val_00000001", "ADE_val_00000002"], [3, 1], [8, 13, 150], 0)
    base = root / "ADEChallengeData2016"
    for scene in made:
        _picture(base / "images" / "validation" / f"{scene.stem}.jpg", scene)
        _write(base / "annotations" / "validation" / f"{scene.stem}.png", scene.values)
    (base / "objectInfo150.txt").write_text("Idx\tRatio\tTrain\tVal\tStuff\tName\n")
    return made


def coco_stuff(root: Path) -> list[Scene]:
    made = scenes(["000000000139", "000000000285"], [105, 181], [0, 12, 89], 255)
    for scene in made:
        _picture(root / "val2017" / f"{scene.stem}.jpg", scene)
        _write(root / "stuffthingmaps" / "val2017" / f"{scene.stem}.png", scene.values)
    return made


def coco_pixelmaps(root: Path) -> list[Scene]:
    made = scenes(["000000000139", "000000000285"], [106, 182], [183], 0)
    for scene in made:
        _picture(root / "val2017" / f"{scene.stem}.jpg", scene)
        _write(root / "stuff_val2017_pixelmaps" / f"{scene.stem}.png", scene.values)
    return made


def cityscapes(root: Path) -> list[Scene]:
    made = scenes(["frankfurt_000000_000294", "munster_000001_000019"], [23, 11, 7], [24, 26, 33], 3)
    for scene in made:
        city = scene.stem.partition("_")[0]
        scene.values[40:46, 50:62], scene.objects[40:46, 50:62] = 26, 0  # cars that are not told apart
        _picture(root / "leftImg8bit" / "val" / city / f"{scene.stem}_leftImg8bit.png", scene)
        base = root / "gtFine" / "val" / city
        numbered = scene.values.astype(int) * 1000 + scene.objects
        ids = np.where(scene.objects > 0, numbered, scene.values).astype(np.uint16)
        _write(base / f"{scene.stem}_gtFine_labelIds.png", scene.values)
        _write(base / f"{scene.stem}_gtFine_instanceIds.png", ids)
        _write(base / f"{scene.stem}_gtFine_color.png", scene.values)
    return made


def dram(root: Path) -> list[Scene]:
    names = ["realism/gustave_courbet/a1", "impressionism/claude_monet/b1"]
    made = scenes(names, [0], [3, 15, 17], 7)  # 7 is a car, which the data set does not score
    base = root / "DRAM_processed"
    for scene in made:
        _picture(base / "test" / f"{scene.stem}.jpg", scene)
        _write(base / "labels" / f"{scene.stem}.png", scene.values, palette=True)
    _list(base / "test" / "dram.txt", names)
    return made


def folder(root: Path) -> list[Scene]:
    made = scenes(["a", "b", "c"], [0], [1, 2], 9)
    for scene in made:
        _picture(root / "images" / f"{scene.stem}.jpg", scene)
        _write(root / "masks" / f"{scene.stem}.png", scene.values)
        _write(root / "objects" / f"{scene.stem}.png", scene.objects)
    (root / "classes.txt").write_text("# ids and names\n0 background\n1 bright: white, square\n2 grey\n")
    return made


WRITERS: dict[str, Callable[[Path], list[Scene]]] = {
    "voc": voc,
    "pascal-context": pascal_context,
    "ade20k": ade20k,
    "coco-stuff": coco_stuff,
    "cityscapes": cityscapes,
    "dram": dram,
}
