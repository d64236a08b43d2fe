"""A batch: one recipe on many images, from the patterns of their names to tables and a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from filelock import FileLock, Timeout

from napari_zeroseg.batch.farm import done_by, usual_workers, workers
from napari_zeroseg.batch.ledger import CORRECTED, FAILED, UNCHANGED, Ledger, Outcome
from napari_zeroseg.batch.one import Order, process
from napari_zeroseg.batch.pace import Pace
from napari_zeroseg.batch.places import Item, Job, Places, images_of, named, stamp_of
from napari_zeroseg.batch.report import write_report
from napari_zeroseg.batch.tables import write_tables
from napari_zeroseg.core.cancellation import CancelledError
from napari_zeroseg.core.errors import ExportError
from napari_zeroseg.export.atomic import make_folder, replacing

if TYPE_CHECKING:
    from napari_zeroseg.batch.ledger import Entry
    from napari_zeroseg.core.recipe import Recipe

J = TypeVar("J", bound=Job)

ATTEMPTS = 2
"""In one batch; a disk that was busy may answer the second time."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a batch.

    Parameters
    ----------
    done, corrected, failed : int
        Images of these patterns whose results are there, those of them that a person corrected, and
        those of which there are none.
    skipped : int
        Images of which the results were there before.
    left : int
        Images that were not come to, as the batch was called off.
    report : Path
        Its first page.
    tables : tuple of Path
        Of objects and of images.
    """

    done: int
    corrected: int
    failed: int
    skipped: int
    left: int
    report: Path
    tables: tuple[Path, ...]


def run_batch(
    images: str | Sequence[str],
    recipe: Recipe,
    out: Path,
    *,
    count: int | None = None,
    scheduler: str | None = None,
    force: bool = False,
    axes: str | None = None,
    plane: dict[str, int] | None = None,
    suggested_only: bool = False,
    head: Path | None = None,
    agreed: bool = False,
    images_to: Sequence[str] = (),
    progress: Callable[[Pace], None] = lambda _: None,
) -> Summary:
    """Do what a recipe says to many images; what was done before is not done again.

    It can be called off (:func:`~napari_zeroseg.core.cancellation.cancelled_by`): what is done until
    then is in the tables, and the next batch goes on from there.

    Parameters
    ----------
    images : str or sequence of str
        Files or patterns, such as ``"images/**/*.tif"``.
    recipe : Recipe
        With its classes.
    out : Path
        The folder for results; made if need be.
    count : int, optional
        Workers on this machine; by default one for each core, or a single one for large models.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers see the same files under the same names.
    force : bool
        Do again what is there, except what a person corrected.
    axes, plane, suggested_only
        As for :func:`~napari_zeroseg.segment`.
    head : Path, optional
        The learned head that the recipe names, for the method ``lmseg``.
    agreed : bool
        Whether the person agrees that words are sent to the refiner's server.
    images_to : sequence of str, optional
        Addresses of the servers of models that may get images.
    progress : callable, optional
        Called with a :class:`Pace` after every image.

    Returns
    -------
    Summary
        What came of it; single images that fail end in the tables, not in an exception.

    Raises
    ------
    ZeroSegError
        When there are no images, no classes or no workers, or the folder cannot be written.
    """
    recipe.vocabulary.required()
    places = Places(out.absolute())
    chosen = images_of([images] if isinstance(images, str) else images, places.out)
    make_folder(places.out)
    order = Order(
        recipe, places, axes, plane, suggested_only, head and head.absolute(), agreed, tuple(images_to)
    )
    with only_one(places.out), closing(Ledger(places.ledger)) as ledger:
        with replacing(places.recipe) as part:
            recipe.shareable().write(part)
        items = _due(chosen, ledger, order, force=force)
        pace = Pace(0, 0, len(items), 0.0)

        def tell(now: Pace) -> None:
            nonlocal pace
            pace = now
            progress(now)

        if items:
            with suppress(CancelledError), workers(count or usual_workers(recipe), scheduler) as client:
                do_all(
                    items,
                    ledger,
                    order.key,
                    lambda some, alone: done_by(client, some, order, process, alone=alone),
                    tell,
                )
        return _summary(chosen, len(chosen) - len(items), pace.total - pace.done, ledger, places)


@contextmanager
def only_one(out: Path) -> Iterator[None]:
    """Keep others from writing into a folder of results meanwhile.

    Raises
    ------
    ExportError
        When another process writes into it.
    """
    lock = FileLock(out / ".batch.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ExportError(
            f"Another run is writing into '{out}'.", remedy="Wait for its end, or choose another folder."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _due(images: Iterable[Path], ledger: Ledger, order: Order, *, force: bool) -> list[Item]:
    """Return the images that are new, changed, failed before, or that a person has worked on since."""
    known = {entry.path: entry for entry in ledger.entries()}
    names = named(images, {path: entry.stem for path, entry in known.items()})
    items = []
    for image, stem in names.items():
        entry = known.get(image)
        if entry is None:
            items.append(Item(image, stem))
        elif force or not _is_current(entry, order):
            items.append(_again(entry, order, force=force))
    return items


def _is_current(entry: Entry, order: Order) -> bool:
    stamps = stamp_of(entry.path), stamp_of(*order.places.work_files(entry.path))
    return _is_done(entry, order) and (entry.stamp, entry.work) == stamps


def _is_done(entry: Entry, order: Order) -> bool:
    """Return whether there are results by this order; what a person answers for is so by any."""
    return entry.status == CORRECTED or (entry.status != FAILED and entry.recipe == order.key)


def _again(entry: Entry, order: Order, *, force: bool) -> Item:
    same_work = entry.work == stamp_of(*order.places.work_files(entry.path))
    content = entry.content if _is_done(entry, order) and same_work and not force else ""
    return Item(entry.path, entry.stem, content, entry.files)


def do_all(
    items: Sequence[J],
    ledger: Ledger,
    key: str,
    farm: Callable[[Iterable[J], bool], Iterable[Outcome]],
    progress: Callable[[Pace], None],
) -> None:
    """Have images done and written down, and those that fail once more at the end, each alone.

    Parameters
    ----------
    items : sequence
        What is to be done.
    ledger : Ledger
        Where it is written down what has become of them.
    key : str
        Of the order by which they are done.
    farm : callable
        Gets items and whether each is to be done alone, and gives what becomes of each.
    progress : callable
        Called with a :class:`Pace` after every image.
    """
    start, by_path = time.perf_counter(), {item.path: item for item in items}
    pace = Pace(0, 0, len(items), 0.0)
    progress(pace)
    for attempt in range(ATTEMPTS):
        failed: list[J] = []
        for outcome in farm(items, attempt > 0):
            if outcome.status == UNCHANGED:
                ledger.touch(outcome)
            else:
                ledger.put(outcome, key)
            if outcome.status == FAILED:
                failed.append(by_path[outcome.path])
            again = outcome.status == FAILED and attempt + 1 < ATTEMPTS
            seconds = time.perf_counter() - start
            done = pace.done + (not again)
            pace = replace(pace, done=done, failed=len(failed), seconds=seconds, latest=outcome)
            progress(pace)
        items = failed


def _summary(chosen: Sequence[Path], skipped: int, left: int, ledger: Ledger, places: Places) -> Summary:
    entries = list(ledger.entries())
    here = set(chosen)
    states = [entry.status for entry in entries if entry.path in here]
    return Summary(
        done=len(states) - states.count(FAILED),
        corrected=states.count(CORRECTED),
        failed=states.count(FAILED),
        skipped=skipped,
        left=left,
        report=write_report(entries, places),
        tables=write_tables(ledger, places.out),
    )
