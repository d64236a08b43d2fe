"""Workers of Dask: processes on this machine, or those of a cluster."""

from __future__ import annotations

import logging
import os
import time
from contextlib import contextmanager
from multiprocessing import spawn
from typing import TYPE_CHECKING, Any, TypeVar

from napari_zeroseg.backends import devices, memory
from napari_zeroseg.backends.packages import line, missing
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.batch.ledger import FAILED, Outcome
from napari_zeroseg.batch.places import Job, stamp_of
from napari_zeroseg.core.cancellation import CancelledError, present
from napari_zeroseg.core.errors import MissingBackendError, ZeroSegError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from napari_zeroseg.core.recipe import Recipe

J = TypeVar("J", bound=Job)
Order = TypeVar("Order")

THREADS = 2
"""Of each worker: while one image is computed, the next is read and the last is written."""
AHEAD = 2
"""Images that wait at each thread, so that none waits for the program that hands them out."""
PATIENCE = 3
"""Workers that may die with an image before it counts as failed."""
GLANCE = 0.05  # s
_PASSED_ON = (devices.VARIABLE, memory.VARIABLE)


class ClusterError(ZeroSegError):
    """The workers cannot be reached."""


def usual_workers(recipe: Recipe) -> int:
    """Return how many workers there are unless a person says it: one for each core where nothing is loaded.

    Large models are loaded by each worker anew, so that there is one worker for them.
    """
    light = all(name.startswith(("embedded:", "remote:")) for name in names_of(recipe).values())
    return _cores() if light else 1


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def workers(count: int, scheduler: str | None = None) -> Iterator[Any]:
    """Give a client of Dask: of processes of our own, or of the cluster at an address.

    Raises
    ------
    MissingBackendError
        When Dask's distributed scheduler is not installed.
    ClusterError
        When nobody answers at the address.
    """
    if missing(["distributed"]):
        raise MissingBackendError(
            "A batch needs Dask's distributed scheduler, which is not installed.",
            remedy=f"Install it with: {line(['distributed'])}",
        )
    import dask
    from distributed import Client

    _hush()
    with dask.config.set(_settings(count)):
        if scheduler is None:
            with _own(count) as cluster, Client(cluster, set_as_default=False) as client:
                client.register_worker_callbacks(_hush)
                yield client
            return
        try:
            client = Client(scheduler, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"No scheduler of Dask answers at '{scheduler}': {error}.",
                remedy="Start one with 'dask scheduler', or leave --scheduler out to use this machine.",
            ) from error
        with client:
            yield client


def _hush() -> None:
    # a worker that dies, or a cluster that is shut down, is told by what becomes of its images
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


@contextmanager
def _own(count: int) -> Iterator[Any]:
    from distributed import LocalCluster

    with (
        _without_the_script(),
        LocalCluster(
            n_workers=count,
            threads_per_worker=THREADS,
            processes=True,
            dashboard_address="127.0.0.1:0",  # two batches at once must not meet
            host="127.0.0.1",
        ) as cluster,
    ):
        yield cluster


@contextmanager
def _without_the_script() -> Iterator[None]:
    """Have workers begin without the script that began this process.

    Python lets new processes run it once more, for what it may define; a script that opens a window,
    as many that use napari do, would open one in each worker and never come to the work.
    """
    usual = spawn.get_preparation_data

    def prepared(name: str) -> dict[str, Any]:
        told = usual(name)
        if name.startswith("Dask Worker"):
            for key in ("init_main_from_name", "init_main_from_path"):
                told.pop(key, None)
        return told

    spawn.get_preparation_data = prepared
    try:
        yield
    finally:
        spawn.get_preparation_data = usual


def _settings(count: int) -> dict[str, Any]:
    """Return settings of Dask: threads of numerical libraries share the cores."""
    threads = str(max(1, _cores() // count))
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    own = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        "distributed.nanny.pre-spawn-environ": dict.fromkeys(names, threads) | own,
        # it keeps what it sees for an hour, by which workers would grow
        "distributed.worker.profile.enabled": False,
        "distributed.scheduler.allowed-failures": PATIENCE,
        "distributed.comm.timeouts.connect": "30s",
        # by default a worker that takes longer than 15 s to come back, as on a busy machine, never does
        "distributed.deploy.lost-worker-timeout": "1h",
    }


def done_by(
    client: Any, items: Iterable[J], order: Order, work: Callable[[J, Order], Outcome], *, alone: bool = False
) -> Iterator[Outcome]:
    """Yield what becomes of each image when ``work`` is done on it by an order, as they are done.

    No more of them are under way than keep the workers busy, so that memory does not grow with their
    number. The images of a worker that dies are given to others; those that were with an image that
    kills each worker that takes it fail with it in the end, unless each is done ``alone``.

    Raises
    ------
    ClusterError
        When the cluster is shut down meanwhile.
    CancelledError
        When the work that calls is called off; what is under way is left to itself.
    """
    from distributed import as_completed

    left = iter(items)
    under_way: dict[str, J] = {}
    running = as_completed(loop=client.loop)

    def submit() -> None:
        item = next(left, None)
        if item is not None:
            future = client.submit(work, item, order, pure=False)
            under_way[future.key] = item
            running.add(future)

    for _ in range(1 if alone else AHEAD * max(1, sum(client.nthreads().values()))):
        submit()
    for future in _as_they_end(running):
        item = under_way.pop(future.key)
        yield _outcome(future, item)
        future.release()
        submit()


def _as_they_end(running: Any) -> Iterator[Any]:
    """Yield what is done as long as it is wanted; images wait at the workers, so that a glance is enough."""
    wanted = present()
    while not running.is_empty():
        if wanted.cancelled:
            raise CancelledError
        if running.has_ready():
            yield next(running)
        else:
            time.sleep(GLANCE)


def _outcome(future: Any, item: Job) -> Outcome:
    if future.cancelled():
        raise ClusterError(
            "The cluster was shut down.",
            kept="What was done is kept.",
            remedy="Run the same command again: it goes on where it stopped.",
        )
    problem = future.exception()
    if problem is None:
        outcome: Outcome = future.result()
        return outcome
    told = f"The worker failed: {type(problem).__name__}: {' '.join(str(problem).split())}"
    return Outcome(item.path, item.stem, FAILED, told[:1000], stamp=stamp_of(item.path))
