"""Accepted objects carried through a confocal stack and along a street, beside copying their masks."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage as ndi
from skimage.io import imread

from benchmarks._data import ROOT
from napari_zeroseg.backends.embedded.tracker import EmbeddedTracker
from napari_zeroseg.core.events import Carried
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.instance import Instance, InstanceState, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.sequence import Kind, Row
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods.propagation import Scene, propagate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

NUCLEUS = "nucleus"
STREET = ("sky", "road", "car")
VOID = 0


def run() -> dict[str, Any]:
    """Print and return mean 3D IoU in the stack, and IoU per frame along the street."""
    result = {"plant3d": _plant3d(), "camvid": _camvid()}
    _print_stack(result["plant3d"])
    _print_street(result["camvid"])
    return result


@dataclass(frozen=True, eq=False)
class Case:
    """Planes, and what is accepted on them."""

    planes: Sequence[Plane]
    keys: Sequence[Instance]
    kind: Kind
    names: str

    def carried(self) -> list[Instance]:
        """Return the keys and what was found from them."""
        height, width, _ = self.planes[0].shape
        scene = Scene((height, width), Vocabulary.parse(self.names), self.keys)
        row = Row((0,), 0, 0, len(self.planes) - 1, self.kind)
        things = tuple(dict.fromkeys(key.thing for key in self.keys))
        events = propagate(
            lambda plane: self.planes[plane[0]], row, things, scene, EmbeddedTracker(), Provenance()
        )
        return [*self.keys, *(i for e in events if isinstance(e, Carried) for i in e.instances)]


def _key(name: str, number: int, pixels: NDArray[np.bool_], place: int) -> Instance:
    return Instance(number, name, Mask.from_plane(pixels), 1.0, InstanceState.ACCEPTED, plane=(place,))


# the stack


def _plant3d() -> dict[str, Any]:
    folder = ROOT / "plant3d" / "stack"
    raw, truth = imread(folder / "gonuclear_1135_raw.tif"), imread(folder / "gonuclear_1135_label.tif")
    limits = float(raw.min()), float(raw.max())
    planes = [plane_from_array(section, limits=limits) for section in raw]
    keys = [_best_section(truth, int(number)) for number in np.unique(truth) if number]
    start = time.perf_counter()
    together = Case(planes, keys, Kind.DEPTH, NUCLEUS).carried()
    seconds = time.perf_counter() - start
    alone = [i for key in keys for i in Case(planes, [key], Kind.DEPTH, NUCLEUS).carried()]
    volumes = {
        "copied through all planes": _copied(keys, range(len(planes))),
        "copied to the planes where the truth says it is": _copied_in_truth(keys, truth),
        "carried, each nucleus as if nothing else were accepted": alone,
        "carried, all nuclei together": together,
    }
    ious = {name: _ious(found, truth) for name, found in volumes.items()}
    plain, best = (float(np.mean(list(ious[name].values()))) for name in (next(iter(ious)), list(ious)[-1]))
    return {
        "nuclei": len(keys),
        "mean_iou": {name: round(float(np.mean(list(v.values()))), 3) for name, v in ious.items()},
        "median_iou": {name: round(float(np.median(list(v.values()))), 3) for name, v in ious.items()},
        "times_better_than_copying": round(best / plain, 1),
        "masks": len(together),
        "sections_in_truth": int(sum((truth == n).any((1, 2)).sum() for n in np.unique(truth) if n)),
        "masks_mostly_on_their_own_nucleus": _consistent(together, truth),
        "score_and_iou": _score_tells(together, truth),
        "seconds": round(seconds, 1),
        "per_nucleus": {str(k): round(v, 3) for k, v in ious["carried, all nuclei together"].items()},
    }


def _best_section(truth: NDArray[Any], number: int) -> Instance:
    place = int((truth == number).sum((1, 2)).argmax())
    return _key(NUCLEUS, number, truth[place] == number, place)


def _copied(keys: Sequence[Instance], places: Sequence[int]) -> list[Instance]:
    return [Instance(k.id, k.name, k.mask, 1.0, plane=(place,)) for k in keys for place in places]


def _copied_in_truth(keys: Sequence[Instance], truth: NDArray[Any]) -> list[Instance]:
    return [i for key in keys for i in _copied([key], np.flatnonzero((truth == key.id).any((1, 2))).tolist())]


def _ious(found: Sequence[Instance], truth: NDArray[Any]) -> dict[int, float]:
    """Return the 3D overlap (IoU) of each nucleus."""
    sizes = np.bincount(truth.ravel())
    shared, areas = np.zeros(len(sizes)), np.zeros(len(sizes))
    for i in found:
        shared[i.id] += _shared(i, truth)
        areas[i.id] += i.mask.area
    return {n: float(shared[n] / (sizes[n] + areas[n] - shared[n])) for n in np.flatnonzero(sizes) if n}


def _shared(instance: Instance, truth: NDArray[Any]) -> int:
    section = truth[instance.plane[0]][instance.mask.slices]
    return int(np.count_nonzero(instance.mask.pixels & (section == instance.id)))


def _consistent(found: Sequence[Instance], truth: NDArray[Any]) -> float:
    """Return the part of the masks that hold more of their own nucleus than of any other."""

    def own(i: Instance) -> bool:
        inside = truth[i.plane[0]][i.mask.slices][i.mask.pixels]
        counts = np.bincount(inside[inside > 0], minlength=i.id + 1)
        return bool(counts[i.id] == counts.max() > 0)

    return round(float(np.mean([own(i) for i in found])), 3)


def _score_tells(found: Sequence[Instance], truth: NDArray[Any]) -> dict[str, float]:
    """Return the mean IoU of the quarter of masks with the lowest scores, and of the others."""
    carried = sorted((i for i in found if not i.locked), key=lambda i: i.score)
    ious = []
    for i in carried:
        whole = np.count_nonzero(truth[i.plane[0]] == i.id)
        shared = _shared(i, truth)
        ious.append(shared / (whole + i.mask.area - shared))
    part = len(ious) // 4
    return {
        "lowest quarter": round(float(np.mean(ious[:part])), 3),
        "others": round(float(np.mean(ious[part:])), 3),
    }


# the street


def _camvid() -> dict[str, Any]:
    folder = ROOT / "camvid"
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    stems = [item["stem"] for item in meta["items"] if item["in_consecutive_run"]]
    classes = {name: int(number) for number, name in meta["classes"].items()}
    planes = [plane_from_array(imread(folder / "images" / f"{stem}.png")) for stem in stems]
    truth = [imread(folder / "labels" / f"{stem}.png") for stem in stems]
    keys = [key for name in STREET for key in _things(name, truth[0] == classes[name])]
    start = time.perf_counter()
    found = Case(planes, keys, Kind.TIME, ", ".join(STREET)).carried()
    seconds = time.perf_counter() - start
    copied = _copied(keys, range(len(planes)))
    return {
        "frames": len(planes),
        "accepted": {name: sum(k.name == name for k in keys) for name in STREET},
        "carried": {name: _per_frame(found, truth, name, classes[name]) for name in STREET},
        "copied": {name: _per_frame(copied, truth, name, classes[name]) for name in STREET},
        "seconds": round(seconds, 1),
    }


def _things(name: str, pixels: NDArray[np.bool_]) -> list[Instance]:
    """Return one object per car, and sky and road as one each."""
    labels, count = ndi.label(pixels) if name == "car" else (pixels.astype(int), 1)
    return [_key(name, number, labels == number, 0) for number in range(1, count + 1)]


def _per_frame(
    found: Sequence[Instance], truth: Sequence[NDArray[Any]], name: str, number: int
) -> list[float]:
    """Return the IoU of a class on every frame but the first, on the pixels that the truth names."""
    ious = []
    for place, labels in enumerate(truth[1:], 1):
        answer = np.zeros(labels.shape, bool)
        for i in found:
            if i.name == name and i.plane == (place,):
                answer[i.mask.slices] |= i.mask.pixels
        answer &= labels != VOID
        wanted = labels == number
        ious.append(round(float((answer & wanted).sum() / max((answer | wanted).sum(), 1)), 3))
    return ious


def _print_stack(result: dict[str, Any]) -> None:
    print(f"plant3d: {result['nuclei']} nuclei, each accepted on the plane where it is largest; mean 3D IoU")
    for name, iou in result["mean_iou"].items():
        print(f"  {iou:.3f} (median {result['median_iou'][name]:.3f})  {name}")
    print(
        f"  {result['times_better_than_copying']} times copying through all planes; {result['masks']} masks, "
        f"{result['sections_in_truth']} in the truth; {result['masks_mostly_on_their_own_nucleus']:.1%} lie "
        f"mostly on their own nucleus; {result['seconds']} s"
    )
    told = result["score_and_iou"]
    print(f"  IoU of a mask: {told['lowest quarter']} in the quarter of lowest scores, {told['others']} else")


def _print_street(result: dict[str, Any]) -> None:
    seconds = result["seconds"]
    print(f"camvid: {result['frames']} frames at 1 Hz, accepted on the first; IoU per frame, {seconds} s")
    for name in STREET:
        for how in ("carried", "copied"):
            values = result[how][name]
            print(
                f"  {name:5s} {how:8s} mean {np.mean(values):.3f}   " + " ".join(f"{v:.2f}" for v in values)
            )
