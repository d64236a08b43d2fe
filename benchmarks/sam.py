"""SAM ViT-B of full size with random weights: encoding an image, and decoding 32 boxes.

The reference is what a user of transformers gets: float32, the C library's default memory. Each way
has a process of its own, since memory settings hold for a whole process; all are asked by turns, so
that a busy moment hits all alike. Beside the clock, the processor's own time is counted, which other
programs on the machine disturb less.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 2
BOXES = 32
REFERENCE = "transformers, float32, default memory"
OURS = "sam:vit-b"
WAYS = {
    REFERENCE: {"tuned": False, "narrow": False},
    "transformers, float32, memory kept": {"tuned": True, "narrow": False},
    "transformers, bfloat16, memory kept": {"tuned": True, "narrow": True},
    f"{OURS}, float32": {"tuned": True, "narrow": False, "ours": True},
    OURS: {"tuned": True, "narrow": True, "ours": True},
}


def run() -> dict[str, Any]:
    """Return seconds per way, ratios to the reference, and how far masks agree."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        _write_weights(Path(folder))
        workers = {name: stack.enter_context(_worker(folder, **way)) for name, way in WAYS.items()}
        numbers = {"embed": _measured("embed", {name: (w, _embed) for name, w in workers.items()})}
        calls = {f"{name}, one by one": (workers[name], _apart) for name in (REFERENCE, OURS)}
        calls |= {f"{name}, at once": (worker, _together) for name, worker in workers.items()}
        numbers[f"{BOXES} boxes"] = _measured(f"{BOXES} boxes", calls)
        masks = {name: worker(_masks) for name, worker in workers.items()}
    numbers["IoU"] = _agreement(masks)
    return numbers


def _measured(task: str, calls: dict[str, tuple[Callable[[Any], Any], Callable[[], None]]]) -> dict[str, Any]:
    """Measure calls by turns, each in its process; ratios are to the first."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(ROUNDS + 1):
        for name, (worker, call) in calls.items():
            times[name].append(worker(_Timed(call)))
    print(f"\n{task:52}{'s':>8}{'ratio':>8}{'processor s':>13}{'ratio':>8}")
    rows: dict[str, Any] = {}
    for name, values in times.items():  # the first round loads and warms
        wall, processor = (statistics.median(v[i] for v in values[1:]) for i in (0, 1))
        reference = next(iter(rows.values()), {"s": wall, "processor s": processor})
        faster = reference["s"] / wall, reference["processor s"] / processor
        rows[name] = {"s": wall, "processor s": processor, "ratio": faster[0], "processor ratio": faster[1]}
        print(f"{name:52}{wall:8.2f}{faster[0]:8.2f}{processor:13.2f}{faster[1]:8.2f}")
    return rows


def _agreement(masks: dict[str, list[Any]]) -> dict[str, Any]:
    print(f"\n{'masks of 32 boxes against the reference':52}{'least IoU':>10}{'median':>8}")
    rows = {}
    for name, found in masks.items():
        overlaps = [ours.iou(theirs) for ours, theirs in zip(found, masks[REFERENCE], strict=True)]
        rows[name] = {"least": min(overlaps), "median": statistics.median(overlaps)}
        print(f"{name:52}{min(overlaps):10.4f}{statistics.median(overlaps):8.4f}")
    return rows


@contextmanager
def _worker(folder: str, **way: bool) -> Iterator[Callable[[Any], Any]]:
    """Start a process, and yield a function that runs another one there."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, _prepare, (folder, way)) as pool:
        yield lambda call: pool.submit(call).result()


class _Timed:
    """Runs a function and returns how long it took, by the clock and of the processor."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def __call__(self) -> tuple[float, float]:
        wall, processor = time.perf_counter(), time.process_time()
        self._call()
        return time.perf_counter() - wall, time.process_time() - processor


def _write_weights(folder: Path) -> None:
    import torch
    from transformers import SamConfig, SamModel

    torch.manual_seed(0)
    model = SamModel(SamConfig())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name and "positional_embedding" not in name:
                torch.nn.init.normal_(parameter, std=_scale(parameter))
    model.save_pretrained(folder)


def _scale(parameter: Any) -> float:
    """Return a deviation that keeps signals as large as they came (transformers' own is 1e-10)."""
    return 0.02 if parameter.ndim < 2 else float(parameter[0].numel() ** -0.5)


# what follows runs in the processes of the ways

_STATE: dict[str, Any] = {}


def _prepare(folder: str, way: dict[str, bool]) -> None:
    from napari_zeroseg.backends import allocator, devices

    _STATE.update(way, folder=Path(folder))
    if way["tuned"]:
        allocator.keep_freed_memory()
    else:
        allocator.keep_freed_memory = lambda: False  # type: ignore[assignment]
    if not way["narrow"]:
        devices.computes_bfloat16 = lambda _device: False  # type: ignore[assignment]


@cache
def _image() -> np.ndarray:
    from skimage.data import astronaut

    return astronaut().astype(np.float32) / 255


@cache
def _boxes() -> list[tuple[float, float, float, float]]:
    generator = np.random.default_rng(0)
    corners = generator.uniform(0, 380, (BOXES, 2))
    sides = generator.uniform(30, 130, (BOXES, 2))
    return [tuple(box) for box in np.hstack([corners, corners + sides]).tolist()]


@cache
def _segmenter() -> Any:
    from napari_zeroseg.backends.entry import Weights
    from napari_zeroseg.backends.sam.models import Sam

    class _Here:
        name = OURS
        weights = Weights("none/none", ())

        def folder(self) -> Path:
            return _STATE["folder"]

    return Sam(_Here())  # type: ignore[arg-type]


@cache
def _model() -> Any:
    from transformers import SamModel

    return SamModel.from_pretrained(_STATE["folder"]).eval()


@cache
def _pixels() -> Any:
    from napari_zeroseg.backends.sam.frame import Frame
    from napari_zeroseg.backends.sam.segmenter import as_square

    return as_square(_image(), Frame.padded((512, 512), 1024))


def _precision() -> Any:
    import torch

    return torch.autocast("cpu", torch.bfloat16) if _STATE["narrow"] else nullcontext()


def _embed() -> None:
    import torch

    if "ours" in _STATE:
        _STATE["embedding"] = _segmenter().embed(_image())
        return
    with torch.inference_mode(), _precision():
        _STATE["embedding"] = _model().get_image_embeddings(_pixels())


def _asked(boxes: list[tuple[float, float, float, float]]) -> list[Any]:
    """Return the masks of boxes, at the image's size."""
    import torch

    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.prompt import Prompt

    if "ours" in _STATE:
        return [a.mask() for a in _segmenter().segment(_STATE["embedding"], [Prompt(box=b) for b in boxes])]
    scaled = torch.tensor(boxes)[None] * 2 - torch.tensor([0.0, 0.0, 1.0, 1.0])
    with torch.inference_mode(), _precision():
        answer = (
            _model()(image_embeddings=_STATE["embedding"], input_boxes=scaled, multimask_output=False)
            .pred_masks[0]
            .float()
        )
        whole = torch.nn.functional.interpolate(answer, (512, 512), mode="bilinear")
    return [Mask.from_plane(plane.numpy() > 0) for plane in whole[:, 0]]


def _together() -> None:
    _asked(_boxes())


def _apart() -> None:
    for box in _boxes():
        _asked([box])


def _masks() -> list[Any]:
    return _asked(_boxes())
