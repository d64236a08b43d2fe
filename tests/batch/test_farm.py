"""Real workers: one is killed in the midst, and nothing is lost."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from napari_zeroseg.batch import farm
from napari_zeroseg.batch.farm import ClusterError, done_by, usual_workers, workers
from napari_zeroseg.batch.ledger import DONE, FAILED, Outcome
from napari_zeroseg.batch.one import Order
from napari_zeroseg.batch.places import Item, Places
from napari_zeroseg.batch.run import run_batch
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.errors import MissingBackendError
from napari_zeroseg.core.recipe import Recipe

pytestmark = pytest.mark.filterwarnings("default")  # Dask closes what a killed worker leaves in its own time


def slowly(item: Item, order: Order) -> Outcome:
    """Stand for the work on an image: leave a mark, take a moment, say who did it."""
    marks = order.places.out / "marks"
    (marks / f"{item.stem}-{os.getpid()}").touch()
    if item.stem == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return Outcome(item.path, item.stem, DONE, content=str(os.getpid()))


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_a_worker_that_is_killed_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(farm, "PATIENCE", 1)
    (tmp_path / "marks").mkdir()
    order = Order(Recipe(), Places(tmp_path))
    items = [Item(Path(f"{n}.tif"), str(n)) for n in range(40)]
    done: list[Outcome] = []
    with workers(2) as client:
        for outcome in done_by(client, items, order, slowly):
            done.append(outcome)
            if len(done) == 8:
                os.kill(int(outcome.content), signal.SIGKILL)
        # an image that kills each worker that takes it is told, and the rest goes on
        poison = [Item(Path("poison.tif"), "poison"), *items[:3]]
        last = [o.status for o in done_by(client, poison, order, slowly, alone=True)]
    assert sorted(int(o.stem) for o in done) == list(range(40))
    assert [o.status for o in done] == [DONE] * 40
    assert last == [FAILED, DONE, DONE, DONE]


def of_a_worker() -> tuple[bool, int]:
    import dask

    return dask.config.get("distributed.worker.profile.enabled"), logging.getLogger("distributed").level


def test_workers_keep_no_profile_and_say_nothing_of_their_own():
    with workers(1) as client:
        (found,) = client.run(of_a_worker).values()
    assert found == (False, logging.CRITICAL)


def test_a_batch_that_is_called_off_waits_for_nobody(tmp_path):
    (tmp_path / "marks").mkdir()
    order = Order(Recipe(), Places(tmp_path))
    items = [Item(Path(f"{n}.tif"), str(n)) for n in range(500)]
    cancellation, done = Cancellation(), 0
    with cancelled_by(cancellation), pytest.raises(CancelledError), workers(1) as client:
        for _ in done_by(client, items, order, slowly):
            done += 1
            cancellation.cancel()
    assert done < 10


SCRIPT = """
from pathlib import Path
Path({mark!r}).open("a").write("begun ")
from napari_zeroseg.batch.farm import workers
with workers(1) as client:
    print(client.submit(len, "four").result())
"""


def test_workers_do_not_run_the_script_that_starts_them(tmp_path):
    """One that shows a window, with nothing that keeps it from a second run, would never get to work."""
    script, mark = tmp_path / "script.py", tmp_path / "mark"
    script.write_text(SCRIPT.format(mark=str(mark)))
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert ended.stdout.strip() == "4", ended.stderr
    assert mark.read_text() == "begun "


@pytest.fixture
def address():
    """A scheduler of Dask with a worker, as on a cluster: processes that nobody here has started."""
    with _begun("distributed.cli.dask_scheduler", "--port", "0") as told:
        found = told(rb"Scheduler at:\s+(tcp://\S+)")
        with _begun("distributed.cli.dask_worker", found, "--nthreads", "1"):
            yield found


@contextmanager
def _begun(module, *options):
    command = [sys.executable, "-m", module, *options, "--host", "127.0.0.1", "--no-dashboard"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:

        def told(pattern):
            for line in process.stderr:
                if found := re.search(pattern, line):
                    return found[1].decode()
            raise AssertionError(f"{module} has ended")

        try:
            yield told
        finally:
            process.terminate()
            process.stderr.close()


def test_a_batch_is_done_by_a_cluster_that_is_there(address, images, recipe, tmp_path):
    summary = run_batch(str(images / "*.tif"), recipe, tmp_path / "out", scheduler=address)
    assert (summary.done, summary.failed, summary.left) == (2, 1, 0)
    assert "could not be read" in (tmp_path / "out" / "images.csv").read_text(encoding="utf-8-sig")
    assert (tmp_path / "out" / "results" / "a" / "a_semantic.tif").is_file()


def test_nobody_at_the_address_is_told(monkeypatch):
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "100ms"}):
        monkeypatch.setattr("napari_zeroseg.batch.farm._settings", lambda _count: {})
        with pytest.raises(ClusterError, match="No scheduler"), workers(1, "tcp://127.0.0.1:9"):
            pass


def test_what_is_not_installed_is_told(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "napari_zeroseg.backends.packages.find_spec", lambda m: None if m == "distributed" else find(m)
    )
    with pytest.raises(MissingBackendError, match=r"napari-zeroseg\[batch\]"), workers(1):
        pass


def test_large_models_have_one_worker():
    assert usual_workers(Recipe(profile="laptop")) == 1
    assert usual_workers(Recipe()) >= 1
