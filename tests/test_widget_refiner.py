"""A person and a language model meet in the real window; the model is a scripted server on loopback."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QLineEdit, QScrollArea

from napari_zeroseg._qt.gui_thread import GuiThread
from napari_zeroseg._qt.phrase_model import BY, CLASS, LOCKED, NONE, PHRASE
from napari_zeroseg._qt.suggestion_model import ACCEPT, WHY, ChipsRole, DetailRole
from napari_zeroseg._qt.suggestion_model import CLASS as NAME
from napari_zeroseg._widget import ZeroSegWidget
from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.backends.guided import guided
from napari_zeroseg.backends.llm.openai_chat import Limits, OpenAIChat
from napari_zeroseg.backends.llm.refiner import LlmRefiner
from napari_zeroseg.backends.llm.servers import choice
from napari_zeroseg.backends.registry import Backends
from napari_zeroseg.backends.weights.documents import read_document
from napari_zeroseg.backends.weights.own_copies import settings_file
from napari_zeroseg.core.consent import PERSON, nobody_to_ask
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.suggestion import Decision
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.kept import AgreementFile
from napari_zeroseg.session.refining import Decisions, Refining
from napari_zeroseg.session.runner import Runner, models_thread
from napari_zeroseg.session.session import Session
from tests.backends.llm.conftest import serve  # noqa: F401 - a fixture
from tests.backends.llm.scripted_server import Answer, conforming, data_of
from tests.fakes import FakeBackend, squares
from tests.test_widget import Person
from tests.watch import Watch

PATIENCE = 30_000  # ms; the first request imports the client
PROMPT = Limits(connect_s=5, request_s=60, retries=0)


def answer(request):
    """Knows that bright things are cells, and that a grid is implied; misses a class."""
    data = data_of(request)
    names = [c["class"] for c in data["target_classes"]]
    if "phrases" in data:
        rows = [{"number": int(n), "class": None, "confidence": 0.9} for n in data["phrases"]]
        return conforming(request, {"phrases": rows})
    if "tags" not in data:
        rows = [{"class": n, "color": "bright", "shape": "square", "texture": "", "sense": ""} for n in names]
        return conforming(request, {"classes": rows})
    rows = [
        row("cell", "'bright' speaks for it.", ["bright"]),
        row("grid", "Cells lie on a grid.", [], implied=True),
        row("tree", "Nothing grows here.", [], present=False),
    ]
    ideas = [{"name": "dark ground", "evidence": ["dark ground"], "reason": "The caption names it."}]
    return conforming(request, {"classes": [r for r in rows if r["class"] in names], "ideas": ideas})


def row(name, reason, evidence, *, present=True, implied=False):
    return {
        "class": name,
        "present": present,
        "implied": implied,
        "confidence": 0.9,
        "evidence": evidence,
        "reason": reason,
    }


class Refiners:
    """Makes the refiner that a recipe names, each once, with short limits."""

    def __init__(self):
        self._made = {}

    def backends(self, recipe):
        fake, name = FakeBackend(), recipe.backends.get("refiner", "")
        return Backends(fake, fake, guided(self._refiner(name), recipe.guidance), fake, fake, fake)

    def _refiner(self, name):
        if not name.startswith("openai:"):
            return FakeBackend()
        if name not in self._made:
            chosen = choice(name.removeprefix("openai:"))
            chats = [
                OpenAIChat(chosen.server, model, key=lambda _: None, limits=PROMPT)
                for model in (chosen.scene_model, chosen.phrase_model)
            ]
            words = EmbeddedRefiner(encoder=None)
            self._made[name] = LlmRefiner(*chats, server=chosen.server.name, words=words)
        return self._made[name]


class Sitter(Person):
    """Scrolls to a button before it is pressed, for the window is really shown."""

    def press(self, button):
        self.qtbot.wait(10)  # what has just opened must find its place
        area = self.dock.findChild(QScrollArea)
        if area.isAncestorOf(button):
            area.ensureWidgetVisible(button)
        super().press(button)

    def wait(self):
        self.qtbot.waitUntil(lambda: not self.session.activity.running, timeout=PATIENCE)


@pytest.fixture(autouse=True)
def strangers():
    """Consent given in one test does not reach the next."""
    PERSON.withdraw()
    yield
    PERSON.withdraw()
    assert PERSON.ask is nobody_to_ask, "a window that was closed still answers"


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def person(qtbot, viewer):
    session = Session(Runner(models_thread(), GuiThread()), backends=Refiners().backends)
    widget = ZeroSegWidget(viewer, session)
    viewer.window.add_dock_widget(widget, name="ZeroSeg")
    viewer.add_image(squares(), name="squares")
    yield Sitter(qtbot, widget)
    widget.release()


@pytest.fixture
def model(serve):  # noqa: F811
    return serve(answer)


def choose(person, server):
    session = person.session
    session.choose_refiner(f"openai:strong,cheap@{server.url}")
    person.name_classes("cell, grid, tree")
    assert session.refining.asks_a_model


def dialog(person):
    person.qtbot.waitUntil(lambda: person.widget.consent.dialog is not None, timeout=PATIENCE)
    return person.widget.consent.dialog


def suggest(person, button=None):
    """Press Suggest and agree."""
    person.press(button or person.dock.suggestions.suggest)
    person.press(dialog(person).send)
    person.wait()


def rows(person):
    model = person.dock.suggestions.model
    return {model.row(r).name: r for r in range(model.rowCount())}


def cell(person, name, column, role):
    return person.dock.suggestions.model.index(rows(person)[name], column).data(role)


def test_choose_a_server_and_its_models_then_see_why(person, model):
    dock = person.dock
    model_list = Answer(body=b'{"data": [{"id": "strong"}, {"id": "cheap"}]}')
    model.script = lambda request: answer(request) if request else model_list
    assert "sends nothing" in dock.refiner.heading.text()
    person.name_classes("cell, grid, tree")
    person.press(dock.refiner.heading)
    dock.refiner.kind.setCurrentIndex(dock.refiner.kind.findData("openai"))
    form = dock.refiner.server
    form.url.setText(model.url)
    person.press(form.fetch)
    person.qtbot.waitUntil(lambda: form.scene_model.count() == 2, timeout=PATIENCE)
    form.scene_model.setCurrentText("strong")
    form.phrase_model.setCurrentText("cheap")
    person.press(dock.refiner.use)
    assert person.session.recipe.backends["refiner"] == f"openai:strong,cheap@{model.url}"
    assert "strong and cheap at 127.0.0.1" in dock.refiner.heading.toolTip()
    assert not form.isVisible()

    suggest(person)
    assert cell(person, "cell", WHY, ChipsRole) == ("bright",)
    assert cell(person, "cell", WHY, DetailRole) == "LLM: 'bright' speaks for it."
    assert cell(person, "grid", WHY, ChipsRole) == ("implied by the scene",)
    dock.suggestions.table.selectRow(rows(person)["tree"])
    assert dock.suggestions.why.text().startswith("Why not tree? LLM: ")
    assert "Nothing grows here." in dock.suggestions.why.text()
    assert dock.guidance.bill.text() == "strong: 1 request, 100 + 20 tokens"  # no price is known: tokens only


def test_the_dialog_shows_all_that_is_sent_and_asks_once_per_kind(person, model):
    choose(person, model)
    person.press(person.dock.suggestions.suggest)
    shown = dialog(person)
    assert not model.requests
    assert f"127.0.0.1:{model.url.split(':')[2].removesuffix('/v1')}" in shown.question.text()
    assert shown.keep.isDefault()
    assert not shown.send.isDefault()
    text = shown.text.toPlainText()
    person.press(shown.send)
    person.wait()
    sent = [m["content"] for m in model.requests[0]["messages"]]
    assert all(part in text for part in sent)

    person.name_classes("rock")
    person.press(person.dock.suggestions.suggest)
    person.wait()
    assert len(model.requests) == 2, "the same kind of text is not asked about again"

    person.dock.guidance.note.setText("cells on a chip")
    person.press(person.dock.guidance.again)
    assert "cells on a chip" in dialog(person).text.toPlainText()
    person.press(dialog(person).send)
    person.wait()
    assert data_of(model.requests[2])["note_from_the_user"] == "cells on a chip"
    assert person.session.recipe.guidance.note == "cells on a chip"


@pytest.mark.parametrize("no", ["button", "close", "Escape", "Return"])
def test_a_refusal_sends_nothing_and_changes_nothing(person, model, no):
    choose(person, model)
    person.qtbot.wait(50)  # the looks come
    before, text = person.session.state, person.session.undo_text
    person.press(person.dock.suggestions.suggest)
    asked = dialog(person)
    match no:
        case "button":
            person.press(asked.keep)
        case "close":
            asked.close()
        case key:
            person.qtbot.keyClick(asked, getattr(Qt.Key, f"Key_{key}"))
    person.wait()
    after = person.session.state
    assert (after.tags, after.suggestions, after.vocabulary) == (before.tags, (), before.vocabulary)
    assert person.session.undo_text == text
    assert not model.requests
    assert "Nothing was sent" in person.message
    assert "embedded:book" in person.message


def test_cancel_takes_an_open_question_back(person, model):
    choose(person, model)
    person.press(person.dock.suggestions.suggest)
    dialog(person)
    person.press(person.dock.activity.cancel)
    person.qtbot.waitUntil(lambda: person.widget.consent.dialog is None, timeout=1000)
    assert not person.session.activity.running
    assert not model.requests
    suggest(person)  # the models' thread is free again
    assert person.session.state.suggestions


def test_cancel_in_a_hanging_request_gives_the_window_back_within_a_second(person, model):
    choose(person, model)
    never = threading.Event()
    model.script = lambda request: Answer(wait=never)
    person.press(person.dock.suggestions.suggest)
    person.press(dialog(person).send)
    person.qtbot.waitUntil(lambda: bool(model.requests), timeout=PATIENCE)
    before = time.monotonic()
    person.press(person.dock.activity.cancel)
    assert person.dock.suggestions.suggest.isEnabled()
    assert time.monotonic() - before < 1
    model.script = answer
    person.press(person.dock.suggestions.suggest)
    person.wait()  # no thread still waits for what hangs
    assert person.session.state.suggestions
    never.set()


def test_ideas_become_classes_only_by_the_person(person, model):
    choose(person, model)
    suggest(person)
    ideas = person.dock.guidance.ideas
    assert "dark ground" not in person.session.state.vocabulary
    assert any("Missing? dark ground" in label.text() for label in ideas.findChildren(QLabel))
    person.press(ideas.buttons[0])
    assert person.session.state.vocabulary.names == ("cell", "grid", "tree", "dark ground")
    assert not ideas.isVisible()
    person.press(person.dock.history.undo)
    assert ideas.isVisible()


def test_looks_are_written_by_the_model_where_the_person_has_not(person, model):
    choose(person, model)
    person.name_classes("rock: grey")
    person.press(person.dock.vocabulary.describe)
    person.press(dialog(person).send)
    person.wait()
    looks = {c.name: c.attributes for c in person.session.state.vocabulary}
    assert (looks["cell"].color, looks["cell"].shape) == ("bright", "square")
    assert (looks["rock"].color, looks["rock"].shape) == ("grey", "square")
    assert person.session.undo_text == "Describe looks"
    person.press(person.dock.history.undo)
    assert not person.session.state.vocabulary["cell"].attributes


def test_phrases_are_shown_decided_locked_saved_and_loaded(person, model, tmp_path):
    person.name_classes("bright")
    person.press(person.dock.suggestions.suggest)
    person.wait()
    person.session.accept("bright")
    person.press(person.dock.run.run)
    person.wait()
    person.press(person.dock.guidance.phrases)
    shown = person.dock.guidance.phrase_dialog
    table = shown.model

    def texts():
        return [[table.index(r, c).data() for c in (PHRASE, CLASS, BY)] for r in range(table.rowCount())]

    assert texts() == [["bright square", "bright", "Synonym"]]
    assert table.setData(table.index(0, CLASS), NONE)
    assert texts() == [["bright square", NONE, "You"]]
    locked = table.index(0, LOCKED)
    assert Qt.CheckState(locked.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
    assert table.setData(locked, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert not person.session.recipe.guidance.phrases.rows[0].locked
    shown.phrase.setText("shiny thing")
    shown.meaning.setCurrentText("bright")
    person.press(shown.add)
    assert texts()[1] == ["shiny thing", "bright", "You"]

    shown.write(tmp_path / "phrases.json")
    person.qtbot.waitUntil(lambda: "written" in shown.status.text(), timeout=PATIENCE)
    shown.table.selectAll()
    person.press(shown.forget)
    assert texts() == []
    shown.read(tmp_path / "phrases.json")
    person.qtbot.waitUntil(lambda: len(texts()) == 2, timeout=PATIENCE)
    (tmp_path / "bad.json").write_text("[]")
    shown.read(tmp_path / "bad.json")
    person.qtbot.waitUntil(lambda: "not a phrase table" in shown.status.text(), timeout=PATIENCE)
    assert len(texts()) == 2
    shown.close()


def test_decisions_come_along_to_the_next_image_and_wait_for_the_person(person, viewer):
    session = person.session
    person.name_classes("bright, grey, gone")
    person.press(person.dock.suggestions.suggest)
    person.wait()
    session.accept("bright")
    session.reject("grey")
    viewer.add_image(squares(), name="second")
    assert not session.state.suggestions
    person.press(person.dock.suggestions.suggest)
    person.wait()
    decisions = {s.name: (s.decision, s.carried) for s in session.state.suggestions}
    assert decisions == {
        "bright": (Decision.ACCEPTED, True),
        "grey": (Decision.REJECTED, True),
        "gone": (Decision.PENDING, False),
    }
    assert cell(person, "bright", NAME, DetailRole) == "✓ as before"
    person.decide("bright", ACCEPT)
    assert cell(person, "bright", NAME, DetailRole) == "✓ accepted"
    person.decide("grey", ACCEPT)
    assert cell(person, "grey", NAME, DetailRole) == "✓ accepted"


def test_a_corrected_image_is_shown_to_the_model_as_an_example(person, model):
    choose(person, model)
    person.name_classes("bright")
    suggest(person)
    guidance = person.dock.guidance
    assert not guidance.teach.isEnabled()
    person.session.accept("bright")
    person.session.refining.decide_phrase("bright square", "bright")
    person.session.run()
    person.wait()
    person.session.accept_instances(("bright", 1))
    person.press(guidance.teach)
    assert guidance.examples.text() == "Example: squares on a dark ground → bright"
    suggest(person, guidance.again)  # examples are another kind of text: they are asked for
    (example,) = data_of(model.requests[-1])["examples_with_true_classes"]
    assert (example["caption"], example["true_classes"]) == ("squares on a dark ground", ["bright"])
    person.press(guidance.forget_examples)
    assert not person.session.recipe.guidance.examples


def test_what_was_agreed_to_is_shown_kept_and_taken_back(person, model):
    choose(person, model)
    suggest(person)
    panel, kept = person.dock.refiner, AgreementFile()
    panel.heading.click()
    assert panel.agreed.text().startswith("You agreed to send tags, caption and class names to 127.0.0.1")
    assert kept.read() == PERSON.granted != frozenset()
    person.press(panel.withdraw)
    person.qtbot.waitUntil(lambda: not PERSON.granted, timeout=PATIENCE)
    person.qtbot.waitUntil(panel.withdraw.isHidden, timeout=PATIENCE)
    assert kept.read() == frozenset()
    person.name_classes("rock")
    person.press(person.dock.suggestions.suggest)
    person.press(dialog(person).keep)
    person.wait()


def test_decisions_wait_for_the_next_window_until_they_are_forgotten(person):
    person.name_classes("bright, grey")
    person.press(person.dock.suggestions.suggest)
    person.wait()
    person.session.accept("bright")
    person.widget.release()
    decided = settings_file().with_name("decisions.json")
    person.qtbot.waitUntil(lambda: decided.exists() and "accepted" in decided.read_text(), timeout=PATIENCE)
    later = Refining(Recipe())
    later.take_decisions(read_document(decided, Decisions))
    assert later.defaults(Vocabulary.parse("grey, bright")) == {
        "bright": Decision.ACCEPTED,
        "grey": Decision.PENDING,
    }


def test_earlier_decisions_can_be_forgotten(person, viewer):
    person.name_classes("bright, grey")
    person.press(person.dock.suggestions.suggest)
    person.wait()
    person.session.accept("bright")
    viewer.add_image(squares(), name="second")
    panel = person.dock.refiner
    panel.heading.click()
    person.press(panel.forget)
    assert panel.forget.isHidden()
    person.press(person.dock.suggestions.suggest)
    person.wait()
    assert {s.decision for s in person.session.state.suggestions} == {Decision.PENDING}


def test_a_key_goes_to_the_keyring_and_nowhere_else(person, monkeypatch, caplog):
    import keyring

    kept = {}
    monkeypatch.setattr(keyring, "set_password", lambda service, user, key: kept.update({user: key}))
    form = person.dock.refiner.server
    person.dock.refiner.heading.click()
    person.dock.refiner.kind.setCurrentIndex(1)
    form.key.setText("sk-very-secret")
    person.press(form.keep_key)
    assert form.key.text() == ""
    form.key.undo()
    assert form.key.text() == ""
    person.qtbot.waitUntil(lambda: bool(kept), timeout=PATIENCE)
    assert kept == {"https://api.openai.com/v1": "sk-very-secret"}
    person.qtbot.waitUntil(lambda: "keyring" in form.status.text(), timeout=PATIENCE)
    texts = [w.text() for kind in (QLabel, QLineEdit) for w in person.widget.findChildren(kind)]
    assert not any("sk-very-secret" in t for t in texts)
    assert "sk-very-secret" not in person.session.recipe.model_dump_json()
    assert "sk-very-secret" not in caplog.text


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the system does not tell who waits")
def test_the_watch_sees_a_thread_that_works_and_one_that_sleeps(qtbot):
    def work():
        end = time.thread_time() + 0.15
        while time.thread_time() < end:
            pass

    for hold_up in (work, lambda: time.sleep(0.15)):
        watch = Watch()
        qtbot.wait(20)
        hold_up()
        qtbot.wait(20)
        assert watch.stop() > 0.1


def test_no_call_of_the_flow_holds_the_window_up(person, model):
    """Suggest, consent, answer, accept, ask again, cancel: at most 100 ms each."""
    choose(person, model)
    suggest(person)  # what is imported and laid out once is not the flow
    person.session.reopen("cell")
    PERSON.withdraw()
    person.name_classes("rock")
    person.wait()
    person.qtbot.wait(200)
    never = threading.Event()
    watch = Watch()
    suggest(person)
    person.decide("cell", ACCEPT)
    person.dock.suggestions.table.selectRow(1)
    person.dock.guidance.note.setText("a chip")
    suggest(person, person.dock.guidance.again)
    person.press(person.dock.guidance.ideas.buttons[0])
    model.script = lambda request: Answer(wait=never)
    person.press(person.dock.suggestions.suggest)
    person.qtbot.waitUntil(
        lambda: person.dock.activity.stage.text().startswith("Comparing"), timeout=PATIENCE
    )
    person.qtbot.wait(100)
    person.press(person.dock.activity.cancel)
    person.qtbot.wait(50)
    assert watch.stop() < 0.1
    never.set()


def test_hostile_words_are_shown_as_they_are(person, model):
    """Text that looks like HTML is text, wherever it comes to sight."""
    bad = "<b>SYSTEM</b><img src='http://x/y'>"
    choose(person, model)

    def hostile(request):
        rows_ = [row("cell", bad, ["bright"])]
        ideas = [{"name": "dark ground", "evidence": ["dark ground"], "reason": bad}]
        return conforming(request, {"classes": rows_, "ideas": ideas})

    model.script = hostile
    suggest(person)
    person.dock.suggestions.table.selectRow(rows(person)["cell"])
    shown = [label for label in person.widget.findChildren(QLabel) if "SYSTEM" in label.text()]
    assert len(shown) == 2
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in shown)
    for column in range(5):
        assert not Qt.mightBeRichText(cell(person, "cell", column, Qt.ItemDataRole.ToolTipRole))


def test_a_model_on_this_machine_is_named_by_its_folder(person, tmp_path):
    panel = person.dock.refiner
    person.press(panel.heading)
    panel.kind.setCurrentIndex(panel.kind.findData("transformers"))
    person.press(panel.use)
    assert "No model is chosen" in panel.error.text()
    panel.local.model.setText(str(tmp_path))
    person.press(panel.use)
    assert person.session.recipe.backends["refiner"] == f"transformers:{tmp_path}"
    assert f"{tmp_path.name} on this machine (sends nothing)" in panel.heading.toolTip()


def test_a_server_that_does_not_answer_is_explained_beside_the_button(person):
    panel = person.dock.refiner
    person.press(panel.heading)
    panel.kind.setCurrentIndex(panel.kind.findData("openai"))
    panel.server.url.setText("ftp://nowhere")
    person.press(panel.server.fetch)
    assert "https://host/v1" in panel.server.status.text()
    panel.server.url.setText("http://127.0.0.1:9/v1")
    person.press(panel.server.fetch)
    person.qtbot.waitUntil(lambda: "cannot be reached" in panel.server.status.text(), timeout=PATIENCE)
    assert panel.server.fetch.isEnabled()
