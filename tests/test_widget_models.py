"""Models are chosen, fetched from a server on loopback and used in the real window."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from napari_zeroseg._qt.gui_thread import GuiThread
from napari_zeroseg.backends import registry, residency
from napari_zeroseg.backends.catalog import PROFILES, find
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.weights import hub as hub_addresses
from napari_zeroseg.backends.weights.places import VARIABLE, folder_of
from napari_zeroseg.session.model_files import chosen
from napari_zeroseg.session.runner import Runner, models_thread
from napari_zeroseg.session.session import Session
from tests.backends.weights.conftest import hub, online, serve  # noqa: F401 - fixtures
from tests.backends.weights.file_server import Served
from tests.test_profiles import _write
from tests.test_widget import viewer, work_in  # noqa: F401 - a fixture

PATIENCE = 60_000  # ms; the first use imports the model libraries
PICTURE = (np.random.default_rng(0).random((48, 64, 3)) * 255).astype(np.uint8)


@pytest.fixture
def published(hub, tmp_path, monkeypatch):  # noqa: F811
    """The models of the profile ``laptop``, tiny ones, on the server; nothing on this machine."""
    origin, store = tmp_path / "origin", tmp_path / "models"
    monkeypatch.setenv(VARIABLE, str(origin))
    for role, name in PROFILES["laptop"].items():
        entry = find(role, name)
        if entry.weights is not None:
            _write(entry)
            for file in entry.weights.files:
                address = hub_addresses.address(entry.weights, file)
                content = (folder_of(entry.weights) / file.name).read_bytes()
                hub.files[address.removeprefix(hub.url)] = Served(content)
    monkeypatch.setenv(VARIABLE, str(store))
    monkeypatch.setattr("napari_zeroseg.backends.florence2.MAX_OBJECT_TOKENS", 60)
    registry.create.cache_clear()
    yield hub
    registry.create.cache_clear()
    residency.release()


@pytest.fixture
def person(qtbot, viewer, monkeypatch):  # noqa: F811
    # the catalog tells of gigabytes: the kilobytes of tiny models are seen on a fine scale alone
    monkeypatch.setattr("napari_zeroseg._qt.model_fetch.STEPS", 10**9)
    viewer.add_image(PICTURE, rgb=True, name="picture")
    person = work_in(qtbot, viewer, Session(Runner(models_thread(), GuiThread())))
    yield person
    person.widget.release()


@pytest.fixture
def encoded(monkeypatch):
    """Counts how often the segmenter looks at an image."""
    from napari_zeroseg.backends.sam.segmenter import PromptableSegmenter

    calls, embed = [], PromptableSegmenter.embed

    def counted(self, image):
        calls.append(image.shape)
        return embed(self, image)

    monkeypatch.setattr(PromptableSegmenter, "embed", counted)
    return calls


def choose(person, box, text):
    box.setCurrentText(text)
    box.textActivated.emit(text)
    wanted = set(chosen(person.session.refining.recipe).values())
    person.qtbot.waitUntil(lambda: {need.name for need in rows(person)} == wanted, timeout=PATIENCE)


def rows(person):
    model = person.dock.models.needs
    return [model.row(r) for r in range(model.rowCount())]


def heading(person, text):
    person.qtbot.waitUntil(lambda: text in person.dock.models.fold.heading.accessibleName(), timeout=PATIENCE)


def finished(person):
    person.qtbot.waitUntil(lambda: not person.session.activity.running, timeout=PATIENCE)
    assert not person.message, person.message


def run(person):
    person.press(person.dock.run.run)
    finished(person)


def test_choose_fetch_run_change_one_model_and_run_again(person, published, encoded):
    models, settings, session = person.dock.models, person.dock.settings, person.session
    models.fold.heading.setChecked(True)
    choose(person, models.profile, "laptop")
    assert [need.name for need in rows(person)] == [
        "florence2:base",
        "grounding-dino:tiny",
        "sam2:hiera-tiny",
        "embedded:regions",  # finds more of what is accepted
    ]
    heading(person, "not here yet")
    assert "GB" in models.fetch.fetch.text()
    assert "grounding-dino:tiny: Apache-2.0" in models.warning.text()
    shown = []
    models.fetch.progress.valueChanged.connect(shown.append)
    person.press(models.fetch.fetch)
    person.qtbot.waitUntil(lambda: "All files are here" in models.fetch.status.text(), timeout=PATIENCE)
    assert max(shown) > 0
    heading(person, "ready")
    person.qtbot.waitUntil(models.fetch.fetch.isHidden, timeout=PATIENCE)

    person.name_classes("cat", "nucleus")
    person.press(person.dock.suggestions.suggest)
    finished(person)
    session.accept("cat", "nucleus")
    for name in ("box_threshold", "text_threshold"):
        settings.boxes[name].setValue(0.0)
    settings.boxes["refine_points"].setValue(3)
    run(person)
    found = session.state.instances
    assert found
    assert {i.provenance.segmenter for i in found} == {"sam2:hiera-tiny"}
    assert len(encoded) == 1

    settings.boxes["box_threshold"].setValue(0.01)
    run(person)
    assert len(encoded) == 1  # other thresholds, and other classes, need no new look at the image
    person.name_classes("dog")
    session.reject("nucleus")
    run(person)
    assert len(encoded) == 1

    choose(person, models.roles["segmenter"], "embedded:regions")
    heading(person, "changed")
    run(person)
    assert {i.provenance.segmenter for i in session.state.instances} == {"embedded:regions"}
    assert {i.provenance.detector for i in session.state.instances} == {"grounding-dino:tiny"}


def test_a_download_that_is_stopped_keeps_what_came(person, published):
    models = person.dock.models
    choose(person, models.profile, "laptop")
    largest = max(published.files.values(), key=lambda served: len(served.content))
    largest.pause = threading.Event()
    models.fold.heading.setChecked(True)
    person.press(models.fetch.fetch)
    person.qtbot.waitUntil(lambda: published.half_sent.is_set() and models.fetch.cancel.isVisibleTo(models))
    person.press(models.fetch.cancel)
    person.qtbot.waitUntil(lambda: "Stopped" in models.fetch.status.text(), timeout=PATIENCE)
    largest.pause.set()
    largest.pause = None
    person.press(models.fetch.fetch)
    person.qtbot.waitUntil(lambda: "All files are here" in models.fetch.status.text(), timeout=PATIENCE)


def test_a_server_without_the_files_is_told_with_the_way_on(person, published):
    models = person.dock.models
    models.fold.heading.setChecked(True)
    choose(person, models.profile, "laptop")
    published.files.clear()
    person.press(models.fetch.fetch)
    person.qtbot.waitUntil(lambda: "own copy" in models.fetch.status.text(), timeout=PATIENCE)
    assert models.fetch.fetch.isVisibleTo(models)


def test_an_own_copy_takes_the_place_of_a_download(person, published, tmp_path):
    models = person.dock.models
    choose(person, models.roles["segmenter"], "sam2:hiera-tiny")
    own = tmp_path / "origin" / Path(folder_of(find(Role.SEGMENTER, "sam2:hiera-tiny").weights)).name
    models.fetch.use_own("sam2:hiera-tiny", tmp_path)
    assert "missing" in models.fetch.status.text() or "not" in models.fetch.status.text()
    models.fetch.use_own("sam2:hiera-tiny", own)
    assert "from now on" in models.fetch.status.text()
    heading(person, "ready")


def test_files_are_checked_and_removed(person, published):
    models = person.dock.models
    choose(person, models.roles["segmenter"], "sam2:hiera-tiny")
    models.fold.heading.setChecked(True)
    assert not models.care.remove.isEnabled()
    person.press(models.fetch.fetch)
    heading(person, "ready")
    row = next(i for i, need in enumerate(rows(person)) if need.name == "sam2:hiera-tiny")
    models.table.selectRow(row)
    person.press(models.care.check)
    person.qtbot.waitUntil(lambda: "model.safetensors: " in models.care.status.text(), timeout=PATIENCE)
    weights = folder_of(find(Role.SEGMENTER, "sam2:hiera-tiny").weights) / "model.safetensors"
    assert weights.is_file()
    person.press(models.care.remove)
    heading(person, "not here yet")
    assert not weights.exists()
    assert not models.care.remove.isEnabled()


def test_a_run_without_the_files_says_how_to_fetch_them(person, published):
    choose(person, person.dock.models.profile, "laptop")
    person.name_classes("cat")
    person.press(person.dock.suggestions.suggest)
    person.qtbot.waitUntil(lambda: bool(person.message), timeout=PATIENCE)
    assert "models download" in person.message


def test_the_report_on_the_machine_is_shown(person, published):
    person.press(person.dock.models.machine)
    dialog = person.dock.models.machine_dialog
    person.qtbot.waitUntil(lambda: "Profile embedded: ready" in dialog.text.toPlainText(), timeout=PATIENCE)
    dialog.close()
