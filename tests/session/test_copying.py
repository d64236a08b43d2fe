"""What is copied runs, and gives what the window gave."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_zeroseg import api, cli
from napari_zeroseg.export.images import open_image
from napari_zeroseg.session.copying import NO_AXES, NO_CLASSES, NO_FILE, Copied, obstacle
from napari_zeroseg.session.saved.content import Content
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    monkeypatch.setattr(api, "Session", lambda recipe: Session(recipe=recipe, backends=fake_backends))


def opened(path: Path, pixels, axes: str) -> Session:
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata={"axes": axes})
    volume = open_image(path, axes)
    shown = api.volume_source(path.name, volume)
    session = Session(backends=fake_backends)
    session.open(replace(shown, content=Content(pixels, path), axes=volume.stack_axes))
    return session


def worked(session: Session) -> Session:
    session.add_classes("bright: white, 'square'; grey")
    session.suggest()
    session.accept("bright")
    session.run()
    return session


def copied(session: Session) -> Copied:
    assert obstacle(session.recipe, session.source) == ""
    return Copied.of(session.recipe, session.source)


CASES = {
    "plane": ("it's an image.tif", squares(), "YX", ()),
    "stack": ("stack.tif", np.stack([squares(), squares()[::-1]]), "ZYX", (1,)),
}


@pytest.fixture(params=CASES)
def session(request, tmp_path):
    name, pixels, axes, plane = CASES[request.param]
    made = opened(tmp_path / name, pixels, axes)
    made.open(made.source.on(plane))
    return worked(made)


def expected(session) -> np.ndarray:
    return api.Result("", session.source, session.state, session.recipe).semantic()


def test_the_script_runs(session, capsys):
    space: dict[str, object] = {}
    exec(compile(copied(session).as_python(), "copied", "exec"), space)
    assert np.array_equal(np.squeeze(space["result"].semantic()), expected(session))
    assert capsys.readouterr().out == "bright 2\ngrey 0\n"


@pytest.mark.skipif(sys.platform == "win32", reason="shlex reads POSIX shells")
def test_the_command_runs(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(copied(session).as_command())
    assert program == "napari-zeroseg"
    assert cli.main(arguments) == 0
    (semantic,) = (tmp_path / "results").glob("*_semantic.tif")
    assert np.array_equal(np.squeeze(tifffile.imread(semantic)), expected(session))


def test_what_cannot_be_copied_is_told(tmp_path):
    assert obstacle(Session().recipe, None) == NO_FILE
    session = opened(tmp_path / "a.tif", squares(), "YX")
    assert obstacle(session.recipe, source()) == NO_FILE
    assert obstacle(session.recipe, session.source) == NO_CLASSES
    stack = opened(tmp_path / "b.tif", np.stack([squares()] * 2), "ZYX")
    stack.add_classes("bright")
    assert obstacle(stack.recipe, replace(stack.source, axes="?")) == NO_AXES


@pytest.mark.parametrize("name", ["it''' is", "back\\slash", "q'"])
def test_any_text_can_be_copied(tmp_path, name):
    session = opened(tmp_path / "a.tif", squares(), "YX")
    session.add_classes("bright")
    session.refining.set_note(name)
    space: dict[str, object] = {}
    exec(compile(copied(session).as_python(), "copied", "exec"), space)
    assert space["recipe"].guidance.note == name
