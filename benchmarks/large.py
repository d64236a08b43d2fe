"""A very large image: memory, cost per area beside a small one, and objects that a seam cuts.

These are compared with a look at their surroundings without tiles: as a part of the same image, which is
judged by what is usual in the whole, and as an image of its own, which is judged by itself alone.

What a small image costs is measured on several parts of the same image, before the large one and
after it. Numbers are written to ``bench-output/large-so-far.json`` tile by tile, so that a run which
is cut off tells what it found.

``ZEROSEG_LARGE`` is the side of the image in pixels, 20000 if not set.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._nuclei import Nuclei
from napari_zeroseg.backends.registry import backends_of
from napari_zeroseg.core.boxes import box_iou
from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.events import FoundMany
from napari_zeroseg.core.instance import Provenance
from napari_zeroseg.core.recipe import Parameters, Recipe
from napari_zeroseg.core.tiles import Tile, tiles
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods import tiled
from napari_zeroseg.methods.grounded import described_by
from napari_zeroseg.methods.job import Job
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.source import ImageSource

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.tiles import Window

SIDE = int(os.environ.get("ZEROSEG_LARGE", "20000"))
SMALL = 2048
SO_FAR = Path("bench-output") / "large-so-far.json"
WORD = "nucleus"
SAME = 0.98
BORDER = 64
"""Objects so near to the border of the small image, in pixels, are not compared."""


def run() -> dict[str, Any]:
    """Print and return memory, seconds per megapixel, and how alike objects on seams are."""
    SO_FAR.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.zarr"
        Nuclei(SIDE).write(path)
        seam = _seam()
        corner = (seam[0] - SMALL // 2, seam[1] - SMALL // 2)
        small = [_in_process(path, corner, SMALL, Path(folder) / "small.pickle")]
        small += [_in_process(path, place, SMALL, Path(folder) / "other.pickle") for place in _elsewhere()]
        write_untiled(path, corner, SMALL, Path(folder) / "untiled.pickle")
        usual = float(np.mean([s["processor_s_per_mpx"] for s in small]))
        large = _in_process(path, (0, 0), SIDE, Path(folder) / "large.pickle", usual)
        small.append(_in_process(path, _elsewhere()[0], SMALL, Path(folder) / "other.pickle"))
        alike = {
            "the same image without tiles": _compared(Path(folder), "untiled", corner, seam),
            "an image of its own": _compared(Path(folder), "small", corner, seam),
        }
    ratio = large["processor_s_per_mpx"] / float(np.mean([s["processor_s_per_mpx"] for s in small]))
    result = {"large": large, "small": small, "ratio_per_mpx": ratio, "seams": alike}
    _print(result)
    return result


def _elsewhere() -> list[tuple[int, int]]:
    """Return the corners of further small parts of the image."""
    room = SIDE - SMALL
    return [(room // 4, room // 4), (room // 4, 3 * room // 4)]


def _seam() -> tuple[int, int]:
    """Return where four tiles in the middle meet."""
    p = Parameters()
    starts = sorted({t.core[0].start for t in tiles((SIDE, SIDE), p.tile_core, p.tile_overlap)})
    middle = starts[len(starts) // 2]
    return middle, middle


def _in_process(
    path: Path, origin: tuple[int, int], side: int, out: Path, usual: float | None = None
) -> dict[str, Any]:
    """Run in a process of its own, whose memory is that of the run alone."""
    arguments = [str(path), str(origin[0]), str(origin[1]), str(side), str(out)]
    if usual is not None:
        arguments.append(str(usual))
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.large", *arguments], check=True, stdout=subprocess.PIPE
    )
    found = dict(json.loads(answer.stdout))
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def measured(
    path: Path, origin: tuple[int, int], side: int, out: Path, usual: float | None = None
) -> dict[str, Any]:
    """Run on a square part of an image; write the masks that are found, and return what it took.

    Where what is usual per megapixel is given, progress is told beside it.
    """
    import zarr

    array = zarr.open_array(path, mode="r")
    session = Session(recipe=Recipe().with_vocabulary(Vocabulary.parse(WORD)))
    start = _memory("VmRSS")
    session.problem_raised.connect(_raise)
    session.open(_source(array, origin, side))
    wall, processor = time.perf_counter(), time.process_time()
    progress = _Progress(session, side, start, usual)
    if usual is not None:
        session.activity_changed.connect(progress.note)
    session.suggest()
    session.accept(WORD)
    session.run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    megapixels = side * side / 1e6
    found = {
        "origin": origin,
        "side": side,
        "megapixels": megapixels,
        "objects": len(session.state.instances),
        "processor_s": processor,
        "wall_s": wall,
        "processor_s_per_mpx": processor / megapixels,
        "wall_s_per_mpx": wall / megapixels,
        "memory_at_start_mb": start / 1e6,
        "memory_above_start_mb": (_memory("VmHWM") - start) / 1e6,
    }
    out.write_bytes(pickle.dumps([(i.mask.origin, i.mask.pixels) for i in session.state.instances]))
    return found


def write_untiled(path: Path, origin: tuple[int, int], side: int, out: Path) -> None:
    """Look at a square part of an image as one tile, judged as in the whole; write its masks."""
    import zarr

    array = zarr.open_array(path, mode="r")
    recipe = Recipe().with_vocabulary(Vocabulary.parse(WORD))
    backends, p = backends_of(recipe), recipe.parameters
    vocabulary = described_by(backends.refiner, recipe.vocabulary)
    image = tiled.LargeImage(array.shape, partial(_source(array, (0, 0), array.shape[0]).read, ()))
    job = Job(vocabulary, vocabulary.names, backends, recipe, Provenance())
    sample = tiled.sample_of(image, tiles(image.shape, p.tile_core, p.tile_overlap))
    job = replace(job, backends=tiled.surveyed(job, sample))
    part = (slice(origin[0], origin[0] + side), slice(origin[1], origin[1] + side))
    events = tiled.segment(
        image, [Tile(part, part)], job, Claims(vocabulary), lambda _part: Claims(vocabulary)
    )
    found = [i for event in events if isinstance(event, FoundMany) for i in event.instances]
    out.write_bytes(
        pickle.dumps([(_moved(i.mask, (-origin[0], -origin[1])).origin, i.mask.pixels) for i in found])
    )


def _source(array: Any, origin: tuple[int, int], side: int) -> ImageSource:
    top, left = origin

    def read(_plane: tuple[int, ...], window: Window | None) -> Plane:
        rows, cols = window or (slice(0, side), slice(0, side))
        part = array[top + rows.start : top + rows.stop, left + cols.start : left + cols.stop]
        return np.repeat(part[..., None] / np.float32(255), 3, axis=2)

    return ImageSource("image", "image", (side, side), read)


def _raise(problem: BaseException) -> None:
    raise problem


class _Progress:
    """Tells after every tile what the run took so far."""

    def __init__(self, session: Session, side: int, memory: int, usual: float | None) -> None:
        self._session, self._side, self._memory, self._usual = session, side, memory, usual
        self._wall, self._processor = time.perf_counter(), time.process_time()
        self._told = ("", 0)

    def note(self, activity: Any) -> None:
        """Print and write the numbers where a further tile is done."""
        if not activity.total or (activity.text, activity.done) == self._told:
            return
        self._told = (activity.text, activity.done)
        numbers = self._numbers(activity)
        SO_FAR.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
        print(" ".join(f"{key}={value}" for key, value in numbers.items()), file=sys.stderr, flush=True)

    def _numbers(self, activity: Any) -> dict[str, Any]:
        processor = time.process_time() - self._processor
        megapixels = self._side**2 / 1e6 * activity.done / max(activity.total, 1)
        cost = processor / megapixels if megapixels else None
        return {
            "doing": activity.text,
            "done": activity.done,
            "of": activity.total,
            "objects": len(self._session.state.instances),
            "processor_s": round(processor, 1),
            "wall_s": round(time.perf_counter() - self._wall, 1),
            "processor_s_per_mpx": cost and round(cost, 3),
            "ratio_per_mpx": cost and self._usual and round(cost / self._usual, 3),
            "memory_above_start_mb": round((_memory("VmHWM") - self._memory) / 1e6),
        }


def _memory(entry: str) -> int:
    """Return an entry of this process's status, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(entry))


def _compared(folder: Path, name: str, corner: tuple[int, int], seam: tuple[int, int]) -> dict[str, float]:
    """Compare the objects that seams cut with those of a run without tiles around them."""
    alone = [_moved(m, corner) for m in _read(folder / f"{name}.pickle")]
    tiled = _read(folder / "large.pickle")
    inner = [slice(c + BORDER, c + SMALL - BORDER) for c in corner]
    cut = [m for m in alone if _lies_in(m, inner) and _crosses(m, seam)]
    boxes = np.array([m.box for m in tiled])
    ious = np.array([_best(m, tiled, boxes) for m in cut])
    return {
        "objects_cut": len(cut),
        "mean_iou": float(ious.mean()),
        "least_iou": float(ious.min()),
        "share_same": float((ious >= SAME).mean()),
    }


def _read(path: Path) -> list[Mask]:
    from napari_zeroseg.core.mask import Mask

    return [Mask(*parts) for parts in pickle.loads(path.read_bytes())]  # noqa: S301 - written above


def _moved(mask: Mask, by: tuple[int, int]) -> Mask:
    from napari_zeroseg.core.mask import Mask

    return Mask((mask.origin[0] + by[0], mask.origin[1] + by[1]), mask.pixels)


def _lies_in(mask: Mask, window: list[slice]) -> bool:
    return all(s.start >= w.start and s.stop <= w.stop for s, w in zip(mask.slices, window, strict=True))


def _crosses(mask: Mask, seam: tuple[int, int]) -> bool:
    return any(s.start < place < s.stop for s, place in zip(mask.slices, seam, strict=True))


def _best(mask: Mask, others: list[Mask], boxes: Any) -> float:
    near = np.flatnonzero(box_iou(np.array([mask.box]), boxes)[0] > 0)
    return max((mask.iou(others[i]) for i in near), default=0.0)


def _print(result: dict[str, Any]) -> None:
    heads = ("CPU s", "wall s", "CPU s/Mpx", "MB above start")
    print(f"{'side':>6s} {'objects':>8s} " + " ".join(f"{head:>{max(len(head), 8)}s}" for head in heads))
    for size in (*result["small"], result["large"]):
        print(
            f"{size['side']:6d} {size['objects']:8d} {size['processor_s']:8.1f} {size['wall_s']:8.1f} "
            f"{size['processor_s_per_mpx']:9.2f} {size['memory_above_start_mb']:14.0f}"
        )
    print(f"cost per megapixel, large over small: {result['ratio_per_mpx']:.2f}")
    for name, seams in result["seams"].items():
        print(
            f"{seams['objects_cut']} objects on seams: IoU with {name} {seams['mean_iou']:.4f} on average, "
            f"at least {seams['least_iou']:.4f}; {100 * seams['share_same']:.1f} % reach {SAME}"
        )


if __name__ == "__main__":
    source, top, left, side, target, *usual = sys.argv[1:]
    place = (int(top), int(left))
    print(json.dumps(measured(Path(source), place, int(side), Path(target), *map(float, usual))))
