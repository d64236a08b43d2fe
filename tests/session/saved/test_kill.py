"""Killed at random moments: the file opens, and what is older than two seconds is in it.

``ZEROSEG_KILLS=200`` kills as many times; the same ones every time, as far as a machine allows.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time

import pytest

from napari_zeroseg.session.history import Timeline
from napari_zeroseg.session.saved.packing import digest
from napari_zeroseg.session.saved.store import SessionFile
from tests.session.saved.story import retold, work

KILLS = int(os.environ.get("ZEROSEG_KILLS", "5"))
IN_A_ROW = 5
"""Kills of work on one image, each of which takes up what the one before left."""
LONGEST = 3.5 if KILLS > IN_A_ROW else 2.5
OLD = 2.0
PROMPT, OFTEN = 0.5, 0.02
"""Delays of saving: as it comes, and so short that most kills meet a file that is being written."""


def _process(*arguments):
    kind = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(kind)
    if kind == "forkserver":
        context.set_forkserver_preload(["tests.session.saved.story"])
    return context.Process(target=work, args=arguments, daemon=True)


def _kill_after(seconds, log, process) -> float:
    while not log.exists() or not log.stat().st_size:
        assert process.is_alive()
        time.sleep(0.005)
    time.sleep(seconds)
    moment = time.time()
    process.kill()
    process.join()
    return moment


def _times(log) -> list[float]:
    lines = log.read_text().splitlines(keepends=True)
    return [float(line.split()[1]) for line in lines if line.endswith("\n")]


@pytest.mark.parametrize("row", range(-(-KILLS // IN_A_ROW)))
def test_what_is_older_than_two_seconds_survives_a_kill(tmp_path, row):
    kept: Timeline | None = None
    dice = random.Random(row)
    for kill in range(IN_A_ROW):
        seed = 1000 * row + kill
        delay = PROMPT if kill % 2 == 0 else OFTEN
        log = tmp_path / f"log-{seed}"
        process = _process(tmp_path, seed, delay)
        process.start()
        killed = _kill_after(dice.uniform(0.01, LONGEST), log, process)
        times = _times(log)
        old = sum(moment <= killed - OLD for moment in times)
        path = tmp_path / "squares.png.zeroseg"
        saved = None
        if path.exists():
            file = SessionFile(path)
            saved = file.read()
            file.close()
        before, kept = kept, saved.timeline if saved is not None else None
        # one action more than are written down may have been done
        told = retold(before, tmp_path, seed, len(times) + 1)
        if kept is None:
            assert old == 0
            continue
        assert saved.lost == ""
        held = digest(kept)
        found = [done for done, history in told if history == held]
        assert found, "the file holds a history that never was"
        assert found[-1] >= old
