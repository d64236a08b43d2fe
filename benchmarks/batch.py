"""A batch on generated images: two workers against one, memory, a worker that is killed, bad files.

``ZEROSEG_BATCH_IMAGES`` is the number of images (2000), ``ZEROSEG_BATCH_SIDE`` their side (512 px).
"""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import tifffile

from napari_zeroseg.batch.pace import Pace
from napari_zeroseg.batch.run import Summary, run_batch
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary

COUNT = int(os.environ.get("ZEROSEG_BATCH_IMAGES", "2000"))
SIDE = int(os.environ.get("ZEROSEG_BATCH_SIDE", "512"))
BAD = 0.01
ALONE = 0.05
"""Share of the images on which one worker is timed against two."""
WARM_UP = 4
RECIPE = Recipe().with_vocabulary(Vocabulary.parse("nucleus: dark purple, round"))


def run() -> dict[str, Any]:
    """Generate images, do them, and return the numbers."""
    with tempfile.TemporaryDirectory(prefix="zeroseg-batch-") as folder:
        root = Path(folder)
        good, bad = _generate(root / "images")
        speed = _speed(root, good[: max(8, int(ALONE * len(good)))])
        whole = _whole(root)
        numbers = speed | whole | {"images": len(good) + len(bad), "bad": len(bad), "side": SIDE}
    _tell(numbers)
    return numbers


def _generate(folder: Path) -> tuple[list[Path], list[Path]]:
    """Write images, a hundredth of them cut off in their midst."""
    folder.mkdir()
    bad = max(1, round(BAD * COUNT))
    paths = [folder / f"{number:05}.tif" for number in range(COUNT)]
    for number, path in enumerate(paths):
        tifffile.imwrite(path, _cells(np.random.default_rng(number)), photometric="rgb", compression="zlib")
    step = max(1, COUNT // bad)
    cut = paths[step // 2 :: step][:bad]
    for path in cut:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    return [path for path in paths if path not in set(cut)], cut


def _cells(rng: np.random.Generator) -> np.ndarray[Any, Any]:
    y, x = np.mgrid[:SIDE, :SIDE]
    image = np.full((SIDE, SIDE, 3), (225.0, 205.0, 215.0))
    for _ in range(int(rng.integers(15, 35)) * SIDE**2 // 512**2 + 1):
        cy, cx, radius = rng.integers(20, SIDE - 20), rng.integers(20, SIDE - 20), rng.integers(8, 20)
        image[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] = (110, 60, 140)
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


@dataclass
class Watch:
    """Takes the time of each image, its memory, and kills a worker in the midst.

    Parameters
    ----------
    kill_at : int
        After so many images; never for 0.
    stop_at : int
        After so many images the batch is interrupted; never for 0.
    """

    kill_at: int = 0
    stop_at: int = 0
    times: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    killed: int = 0

    def __call__(self, pace: Pace) -> None:
        if pace.latest is None:
            return
        self.times.append(time.perf_counter())
        self.memory.append(pace.latest.memory)
        if self.kill_at and len(self.times) == self.kill_at:
            self.killed = _kill_a_worker()
        if self.stop_at and len(self.times) == self.stop_at:
            raise KeyboardInterrupt

    def rate(self, skipped: int) -> float:
        """Return images a second, without the first, for which models were loaded."""
        skipped = min(skipped, len(self.times) // 2)
        return (len(self.times) - 1 - skipped) / (self.times[-1] - self.times[skipped])


def _kill_a_worker() -> int:
    """End the largest of the processes below this one at once, and return its number."""
    below = psutil.Process().children(recursive=True)
    largest = max(below, key=lambda process: process.memory_info().rss)
    os.kill(largest.pid, signal.SIGKILL)
    return largest.pid


def _speed(root: Path, images: list[Path]) -> dict[str, Any]:
    rates: dict[int, float] = {}
    for count in (1, 2):
        watch = Watch()
        run_batch([str(p) for p in images], RECIPE, root / f"speed-{count}", count=count, progress=watch)
        rates[count] = watch.rate(WARM_UP * count)
        print(f"{count} workers: {rates[count]:.3f} images a second ({len(images)} images)", flush=True)
    return {"one_worker_per_s": rates[1], "two_workers_per_s": rates[2], "ratio": rates[2] / rates[1]}


def _whole(root: Path) -> dict[str, Any]:
    """Do all images with two workers: one is killed, the batch is interrupted, and goes on."""
    out, pattern = root / "out", str(root / "images" / "*.tif")
    first = Watch(kill_at=COUNT // 8, stop_at=COUNT // 4)
    try:
        run_batch(pattern, RECIPE, out, count=2, progress=first)
    except KeyboardInterrupt:
        print(f"killed worker {first.killed}, interrupted after {len(first.times)} images", flush=True)
    second = Watch()
    summary = run_batch(pattern, RECIPE, out, count=2, progress=second)
    third = run_batch(pattern, RECIPE, out, count=2)
    return {
        "done": summary.done,
        "failed": summary.failed,
        "skipped_after_interruption": summary.skipped,
        "skipped_when_done": third.skipped,
        "lost": COUNT - summary.done - summary.failed,
        **_memory(second),
        **_tables(summary),
    }


def _memory(watch: Watch) -> dict[str, Any]:
    """Compare the quarters of a run that nothing disturbed."""
    quarter = len(watch.memory) // 4
    second = statistics.median(watch.memory[quarter : 2 * quarter])
    last = statistics.median(watch.memory[3 * quarter :])
    return {"memory_second_quarter": second, "memory_last_quarter": last, "memory_ratio": last / second}


def _tables(summary: Summary) -> dict[str, Any]:
    objects, images, *_ = summary.tables
    return {
        "objects": len(objects.read_text(encoding="utf-8-sig").splitlines()) - 1,
        "rows_of_images": len(images.read_text(encoding="utf-8-sig").splitlines()) - 1,
    }


def _tell(n: dict[str, Any]) -> None:
    print(f"two workers against one: {n['ratio']:.2f} times as fast (at least 1.7)")
    print(f"memory of a worker, last quarter against second: {n['memory_ratio']:.3f} (at most 1.05)")
    print(f"{n['done']} done, {n['failed']} of {n['bad']} bad files failed, {n['lost']} lost (0)")
    print(f"{n['skipped_after_interruption']} were not done again after the interruption")
    print(f"{n['objects']} objects, {n['rows_of_images']} images in the tables")
