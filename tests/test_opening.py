"""An image of a batch is opened in napari with its masks, corrected, and saved where it came from."""

from __future__ import annotations

from contextlib import closing

import pytest
import tifffile

from napari_zeroseg import _widget, cli
from napari_zeroseg.batch.places import Places
from napari_zeroseg.core.recipe import Parameters
from napari_zeroseg.opening import show
from napari_zeroseg.session.history import Timeline
from napari_zeroseg.session.saved.content import Content
from napari_zeroseg.session.saved.document import ImageSpec
from napari_zeroseg.session.saved.reading import read_saved
from napari_zeroseg.session.saved.store import SessionFile
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "squares.tif"
    tifffile.imwrite(path, squares())
    return path


def keep(image, places) -> None:
    """Write the work of a batch on an image."""
    session = Session(backends=fake_backends)
    session.refining.set_parameters(Parameters(box_threshold=0.3))
    session.open(source())
    session.add_classes("bright; grey")
    session.suggest()
    session.accept("bright", "grey")
    session.run()
    places.work.mkdir()
    fingerprint = Content(squares(), image).fingerprint()
    spec = ImageSpec(name=image.name, shape=(64, 64), fingerprint=fingerprint)
    timeline = Timeline((), session.state, (), session.notebook.notes, session.recipe)
    with closing(SessionFile(places.work_file(image))) as file:
        file.write(spec, timeline)


def test_work_is_taken_up_corrected_and_saved_in_its_file(
    make_napari_viewer, qtbot, image, tmp_path, monkeypatch
):
    places = Places(tmp_path)
    keep(image, places)
    monkeypatch.setattr(_widget, "Session", lambda runner: Session(runner, backends=fake_backends))
    viewer = make_napari_viewer()
    widget = show(viewer, image, places.work)
    qtbot.waitUntil(lambda: len(widget.session.state.instances) == 3, timeout=10_000)
    assert widget.session.recipe.parameters.box_threshold == 0.3
    assert {"bright", "grey"} <= {layer.name for layer in viewer.layers}
    widget.session.delete_instances(("bright", 1))
    qtbot.waitUntil(lambda: widget.autosave.status.path == places.work_file(image), timeout=10_000)
    widget.release()
    widget.autosave._saver._executor.shutdown(wait=True)
    saved = read_saved(places.work_file(image))
    assert len(saved.timeline.present.erased) == 1
    assert not image.with_name("squares.tif.zeroseg").exists()


def test_an_image_that_is_not_there_is_told(tmp_path, capsys):
    assert cli.main(["open", str(tmp_path / "nothing.tif")]) == 2
    assert "There is no image" in capsys.readouterr().err
