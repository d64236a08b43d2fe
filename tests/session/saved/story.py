"""A person at work without end, to be killed: every action is written down before the next one."""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np

from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.history import Timeline
from napari_zeroseg.session.saved.autosave import Autosave
from napari_zeroseg.session.saved.content import Content
from napari_zeroseg.session.saved.packing import Packer, digest
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares


def session_on(folder: Path) -> Session:
    session = Session(backends=fake_backends)
    session.open(replace(source(), content=Content(squares(), folder / "squares.png")))
    return session


def act(session: Session, dice: random.Random) -> None:
    """Do one thing that the dice and the state decide, or what cannot be done now."""
    names = session.state.vocabulary.names
    if not names:
        session.add_classes("bright, grey")
        return
    if not session.state.suggestions:
        session.suggest()
        return
    with suppress(ZeroSegError):  # nothing to undo, say
        dice.choice(ACTIONS)(session, dice, dice.choice(names))


def _decide(session: Session, dice: random.Random, name: str) -> None:
    dice.choice([session.accept, session.accept, session.reject, session.reopen])(name)


def _run(session: Session, _dice: random.Random, _name: str) -> None:
    session.run()


def _accept(session: Session, dice: random.Random, _name: str) -> None:
    if session.state.instances:
        session.accept_instances(dice.choice(session.state.instances).key)


def _delete(session: Session, dice: random.Random, _name: str) -> None:
    if len(session.state.instances) > 3:
        session.delete_instances(dice.choice(session.state.instances).key)


def _paint(session: Session, dice: random.Random, name: str) -> None:
    y, x = dice.randrange(56), dice.randrange(56)
    session.paint(name, (y, x), np.full((dice.randint(1, 8), dice.randint(1, 8)), dice.randrange(6)))


def _draw(session: Session, dice: random.Random, name: str) -> None:
    if session.state.draft is None:
        session.begin(name)
    session.click(dice.randrange(64), dice.randrange(64), positive=dice.random() < 0.8)
    if dice.random() < 0.4:
        session.commit()


def _rename(session: Session, dice: random.Random, name: str) -> None:
    target = session.state.vocabulary[name]
    session.change_class(name, replace(target, name=f"{name.split()[0]} {dice.randrange(100)}"))


def _step(session: Session, dice: random.Random, _name: str) -> None:
    dice.choice([session.undo, session.undo, session.redo])()


ACTIONS = (_decide, _run, _accept, _accept, _delete, _paint, _paint, _draw, _draw, _rename, _step, _step)


def work(folder: Path, seed: int, delay: float) -> None:
    """Take up what is saved in a folder and go on for ever, every few milliseconds."""
    session = session_on(folder)
    autosave = Autosave(session, delay=delay)
    # earlier work is looked for on the saving thread
    autosave._saver._executor.submit(int).result()
    autosave.restore()
    dice, pause = random.Random(seed), random.Random(seed + 1)
    with (folder / f"log-{seed}").open("a") as log:
        for number in count(1):
            act(session, dice)
            log.write(f"{number} {time.time()}\n")
            log.flush()
            os.fsync(log.fileno())
            time.sleep(pause.uniform(0.001, 0.015))


Told = list[tuple[int, tuple[str, ...]]]


def retold(timeline: Timeline | None, folder: Path, seed: int, actions: int) -> Told:
    """Tell the same story again: how many actions were done, and what the history was, after each change."""
    session, packer, dice = session_on(folder), Packer(), random.Random(seed)
    if timeline is not None:
        session.restore(timeline)
    told = [(0, digest(session.timeline, packer))]
    # an action can be more than one change, between which the work may be saved too
    session.changed.connect(lambda: told.append((done, digest(session.timeline, packer))))
    for done in range(actions):
        act(session, dice)
        told.append((done + 1, digest(session.timeline, packer)))
    return told
