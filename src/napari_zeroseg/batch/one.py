"""One image of a batch, on a worker: read, segmented or taken from a person, measured, written."""

from __future__ import annotations

import gc
import logging
import os
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING

import psutil

from napari_zeroseg import __version__
from napari_zeroseg.api import Result, middle, segment, volume_source
from napari_zeroseg.backends import embedding_limits
from napari_zeroseg.backends.allocator import give_back
from napari_zeroseg.backends.lmseg.head import hold, read_head
from napari_zeroseg.batch.ledger import CORRECTED, DONE, FAILED, UNCHANGED, Outcome
from napari_zeroseg.batch.measuring import measured
from napari_zeroseg.batch.places import Item, Places, digest_of, stamp_of
from napari_zeroseg.core.consent import PERSON, agreeing
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.script import is_by_a_person
from napari_zeroseg.export.atomic import make_folder, replacing
from napari_zeroseg.export.bundle import Bundle
from napari_zeroseg.export.images import open_image
from napari_zeroseg.session.history import Timeline
from napari_zeroseg.session.saved.content import Content
from napari_zeroseg.session.saved.document import ImageSpec
from napari_zeroseg.session.saved.reading import read_saved
from napari_zeroseg.session.saved.store import SessionFile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from napari_zeroseg.batch.places import Job
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.volume import Volume
    from napari_zeroseg.session.saved.store import Saved
    from napari_zeroseg.session.state import State

THUMBNAIL = 256  # px
EMBEDDINGS = "memory=64MB,disk=0"
_COMPUTING = Lock()
"""One image is computed at a time in a process; others are read and written meanwhile."""


@dataclass(frozen=True)
class Order:
    """What is to be done to every image.

    Parameters
    ----------
    recipe : Recipe
        What is run.
    places : Places
        Where results go.
    axes : str, optional
        What the axes of the files mean, where they do not tell it.
    plane : dict of str to int, optional
        Where to look along stacked axes.
    suggested_only : bool
        Leave out classes that do not seem to be in an image.
    head : Path, optional
        The learned head that the recipe names.
    agreed : bool
        Whether the person agrees that words are sent.
    images_to : tuple of str
        Addresses of the servers of models that may get images.
    """

    recipe: Recipe
    places: Places
    axes: str | None = None
    plane: dict[str, int] | None = None
    suggested_only: bool = False
    head: Path | None = None
    agreed: bool = False
    images_to: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A digest of all that decides results beside the image."""
        parts = (self.recipe.model_dump_json(), self.axes, self.plane, self.suggested_only, __version__)
        return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def process(item: Item, order: Order) -> Outcome:
    """Do one image; what goes wrong with it is told in the outcome."""

    def work() -> Outcome:
        prepare(order.head, agreed=order.agreed, images_to=order.images_to)
        return _done(item, order)

    return attempt(item, work)


def attempt(job: Job, work: Callable[[], Outcome]) -> Outcome:
    """Do one image; what goes wrong with it is told in the outcome, and what it took."""
    start = time.perf_counter()
    try:
        outcome = work()
    except ZeroSegError as error:
        outcome = _failed(job, str(error))
    except MemoryError:
        outcome = _failed(job, "Not enough memory for this image.")
    except Exception as error:  # noqa: BLE001 - one bad image must not end thousands
        outcome = _failed(job, f"{type(error).__name__}: {error}")
    gc.collect()  # sessions and their signals are cycles, which hold images
    give_back()  # what the heap keeps for later grows for hundreds of images otherwise
    seconds = time.perf_counter() - start
    return replace(outcome, seconds=seconds, memory=psutil.Process().memory_info().rss)


def prepare(head: Path | None = None, *, agreed: bool = False, images_to: Collection[str] = ()) -> None:
    """Make the process ready, in a moment where it is already.

    Parameters
    ----------
    head : Path, optional
        The learned head that the recipe names.
    agreed : bool
        Whether the person agrees that words are sent.
    images_to : collection of str, optional
        Addresses of the servers of models that may get images.
    """
    for logger in map(logging.getLogger, ("napari_zeroseg", "tifffile")):
        if not logger.handlers:  # what is to be known is in the outcome
            logger.addHandler(logging.NullHandler())
    # nobody comes back to an image, so that its embeddings need not be kept
    os.environ.setdefault(embedding_limits.VARIABLE, EMBEDDINGS)
    if agreed or images_to:
        PERSON.ask = agreeing(words=agreed, images_to=images_to)
    if head is not None:
        _hold(head)


@contextmanager
def as_a_worker() -> Iterator[None]:
    """Undo in the end what :func:`prepare` sets: for a process that lives on after the work."""
    limits, ask = os.environ.get(embedding_limits.VARIABLE), PERSON.ask
    try:
        yield
    finally:
        PERSON.ask = ask
        os.environ.pop(embedding_limits.VARIABLE, None)
        if limits is not None:
            os.environ[embedding_limits.VARIABLE] = limits


@cache
def _hold(head: Path) -> None:
    hold(read_head(head))


def _failed(item: Job, problem: str) -> Outcome:
    return Outcome(item.path, item.stem, FAILED, " ".join(problem.split()), stamp=stamp_of(item.path))


def _done(item: Item, order: Order) -> Outcome:
    stamp, content = stamp_of(item.path), digest_of(item.path)
    if content == item.content:
        return Outcome(item.path, item.stem, UNCHANGED, stamp=stamp)
    volume = open_image(item.path, order.axes)
    saved = _of_a_person(item.path, order, volume)
    result = _taken(item, order, volume, saved) if saved else _made(item, order, volume)
    files = _written(item, order, result)
    if saved is None:
        _keep_for_the_window(item, order, volume, result)
    return Outcome(
        item.path,
        item.stem,
        CORRECTED if saved else DONE,
        content=content,
        stamp=stamp,
        work=stamp_of(*order.places.work_files(item.path)),
        counts={name: sum(i.name == name for i in result.instances) for name in result.vocabulary.names},
        files=files,
        rows=tuple(measured(_in_order(result), volume, volume.grid(None), result.recipe.composition)),
    )


def _in_order(result: Result) -> list[Instance]:
    places = {name: number for number, name in enumerate(result.vocabulary.names)}
    return sorted(result.instances, key=lambda i: (places[i.name], i.id, i.plane))


def _made(item: Item, order: Order, volume: Volume) -> Result:
    with _COMPUTING:
        return segment(
            volume,
            recipe=order.recipe,
            name=item.path.name,
            plane=order.plane,
            suggested_only=order.suggested_only,
        )


def _of_a_person(image: Path, order: Order, volume: Volume) -> Saved | None:
    """Return the latest work on an image in which a person answers for a mask, or erased one."""
    found = [read_saved(path) for path in order.places.work_files(image)]
    fitting = (s for s in found if (s.image.shape, s.image.depth) == (volume.shape, volume.depth))
    return max((s for s in fitting if is_corrected(s.timeline.present)), key=lambda s: s.when, default=None)


def is_corrected(state: State) -> bool:
    """Return whether a person answers for masks, or has taken some away."""
    return bool(state.erased) or any(instance.locked for instance in state.instances)


def _is_touched(saved: Saved) -> bool:
    notes = saved.timeline.notes
    return not notes or is_by_a_person(notes)


def _taken(item: Item, order: Order, volume: Volume, saved: Saved) -> Result:
    timeline = saved.timeline
    recipe = timeline.recipe or order.recipe.with_vocabulary(timeline.present.vocabulary)
    grid = volume.grid(order.plane)
    planes = set(grid.planes)
    here = tuple(i for i in timeline.present.instances if i.plane in planes)
    source = volume_source(item.path.name, volume, recipe.composition).on(middle(grid))
    state = replace(timeline.present, instances=here)
    return Result(item.path.name, source, state, recipe, grid, timeline.notes)


def _written(item: Item, order: Order, result: Result) -> tuple[str, ...]:
    folder = order.places.results(item.stem)
    bundle = Bundle(folder, item.stem, result.vocabulary.names)
    names = tuple(path.name for path in bundle.write(result))
    for stale in set(item.files) - set(names):
        (folder / stale).unlink(missing_ok=True)
    _write_thumbnail(bundle.overlay, order.places.thumbnail(item.stem))
    return names


def _write_thumbnail(overlay: Path, path: Path) -> None:
    from PIL import Image

    make_folder(path.parent)
    with Image.open(overlay) as picture, replacing(path) as part:
        picture.thumbnail((THUMBNAIL, THUMBNAIL))
        picture.convert("RGB").save(part, "JPEG", quality=80)


def _keep_for_the_window(item: Item, order: Order, volume: Volume, result: Result) -> None:
    """Write the work as the window saves it, so that a person can go on there.

    A file in which a person did anything stays, be it no more than another colour for a class.
    """
    path = order.places.work_file(item.path)
    if path.is_file() and _is_touched(read_saved(path)):
        return
    make_folder(path.parent)
    image = ImageSpec(
        name=item.path.name[:1000],
        shape=volume.shape,
        depth=volume.depth,
        fingerprint=Content(volume.data, item.path).fingerprint(),
    )
    timeline = Timeline((), result.state, (), result.notes, result.recipe.shareable())
    with replacing(path) as part:
        part.unlink()
        with closing(SessionFile(part)) as file:
            file.write(image, timeline)
