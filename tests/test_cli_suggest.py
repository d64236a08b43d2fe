"""Suggestions and segmentation on the command line, with a scripted language model."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from napari_zeroseg import cli
from napari_zeroseg.backends import minilm, registry
from napari_zeroseg.core.consent import PERSON, nobody_to_ask
from napari_zeroseg.core.phrase_table import PhraseTable
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.suggestion import Tag
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.backends.llm.conftest import serve  # noqa: F401 - a fixture
from tests.backends.llm.scripted_server import data_of, error, paper_like, said
from tests.fakes import FakeBackend, fake_backends, squares

STREET = ["--classes", "person, zebra crossing", "--tags", "girl, striped road"]


@pytest.fixture(autouse=True)
def person(monkeypatch):
    """Nobody sits at the terminal, nobody has agreed to anything, and words are told by spelling."""
    monkeypatch.setattr(minilm, "installed", lambda: None)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    PERSON.withdraw()
    yield
    PERSON.withdraw()
    PERSON.ask = nobody_to_ask


@pytest.fixture
def model(serve):  # noqa: F811
    return serve(paper_like({"striped road": ["zebra crossing"]}, {"striped road": "zebra crossing"}))


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "squares.png"
    Image.fromarray(squares()).save(path)
    return path


def run(*arguments) -> int:
    return cli.main([str(a) for a in arguments])


def refiner(server, *more):
    return ["--refiner", f"openai:{server.variant}", *more]


def test_tags_become_suggestions_and_phrases(model, capsys):
    assert run("suggest", *STREET, *refiner(model, "--yes-send", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(s["class"], s["source"]) for s in found["suggestions"]] == [
        ("person", "synonym"), ("zebra crossing", "llm"),
    ]  # fmt: skip
    assert found["suggestions"][1]["evidence"] == ["striped road"]
    assert set(found["suggestions"][0]) >= {"class", "confidence", "reason", "evidence", "source"}
    assert [(p["phrase"], p["class"]) for p in found["phrases"]] == [
        ("girl", "person"), ("striped road", "zebra crossing"),
    ]  # fmt: skip
    assert set(found["phrases"][0]) == {"phrase", "class", "source", "score"}
    assert len(model.requests) == 2


def test_tokens_are_told(model, capsys):
    assert run("suggest", *STREET, *refiner(model, "--yes-send")) == 0
    told = capsys.readouterr()
    assert "scripted: 2 requests, 200 + 40 tokens" in told.err
    assert "'striped road' means zebra crossing" in told.out


def test_nothing_is_sent_without_a_yes(model, capsys):
    assert run("suggest", *STREET, *refiner(model, "--json")) == 1
    told = capsys.readouterr()
    assert "--yes-send" in told.err
    assert told.out == ""
    assert model.requests == []


@pytest.mark.parametrize(("typed", "code", "sent"), [("y\ny\n", 0, 2), ("n\n", 1, 0)])
def test_a_person_at_the_terminal_sees_the_text_and_decides(model, capsys, monkeypatch, typed, code, sent):
    terminal = io.StringIO(typed)
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    assert run("suggest", *STREET, *refiner(model)) == code
    assert "striped road" in capsys.readouterr().err
    assert len(model.requests) == sent


def test_the_phrase_table_is_heeded_and_kept(model, capsys, tmp_path):
    table = tmp_path / "phrases.json"
    PhraseTable().decided("girl", None).write(table)
    assert run("suggest", *STREET, *refiner(model, "--yes-send", "--json", "--phrases", table)) == 0
    phrases = json.loads(capsys.readouterr().out)["phrases"]
    assert [(p["class"], p["source"]) for p in phrases] == [(None, "you"), ("zebra crossing", "llm")]
    kept = PhraseTable.read(table)
    assert [(r.phrase, r.name, r.source, r.locked) for r in kept.rows] == [
        ("girl", None, "you", True), ("striped road", "zebra crossing", "llm", False),
    ]  # fmt: skip


def test_the_note_goes_along(model):
    assert run("suggest", *STREET, *refiner(model, "--yes-send", "--note", "from a drone")) == 0
    assert data_of(model.requests[0])["note_from_the_user"] == "from a drone"


def test_looks_are_described_on_request(serve, capsys):  # noqa: F811
    look = {"class": "widget", "color": "teal", "shape": "round", "texture": "", "sense": ""}
    server = serve(lambda _r: said(json.dumps({"classes": [look], "phrases": [], "ideas": []})))
    options = ["--classes", "widget", "--tags", "thing", "--describe", "--json", "--yes-send"]
    assert run("suggest", *options, *refiner(server)) == 0
    assert json.loads(capsys.readouterr().out)["looks"] == [look]


def test_the_embedded_refiner_describes_nothing_new(capsys):
    assert run("suggest", *STREET, "--describe") == 2
    assert "--refiner" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--classes", "a"], ["x.png", "--tags", "b", "--classes", "a"]])
def test_images_or_tags_and_not_both(arguments, capsys):
    assert run("suggest", *arguments) == 2
    assert "not both" in capsys.readouterr().err


def test_several_images_give_a_list_and_failures_leave_the_rest(model, image, capsys):
    options = ["--classes", "person, zebra crossing", "--json", "--yes-send"]
    assert run("suggest", image, image.parent / "none.png", *options, *refiner(model)) == 1
    told = capsys.readouterr()
    assert [found["image"] for found in json.loads(told.out)] == [str(image)]
    assert "none.png" in told.err


def test_a_tagger_is_told_of_the_classes(image, capsys, monkeypatch):
    class Open(FakeBackend):
        def tag_among(self, _image, classes):
            return [Tag(f"{c.name} seen", 0.9) for c in classes]

    monkeypatch.setattr(registry, "backends_of", lambda recipe: fake_backends(recipe, Open()))
    assert run("suggest", image, "--classes", "nucleus, cell", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [p["phrase"] for p in found["phrases"]] == ["nucleus seen", "cell seen"]


def test_segment_asks_the_model_of_the_recipe(model, image, tmp_path):
    recipe = Recipe(backends={"refiner": f"openai:{model.variant}"})
    recipe.with_vocabulary(Vocabulary.parse("bright square; zebra crossing")).write(tmp_path / "recipe.json")
    options = ["--recipe", tmp_path / "recipe.json", "--out", tmp_path / "out", "--yes-send"]
    assert run("segment", image, *options) == 0
    assert 1 <= len(model.requests) <= 2
    written = json.loads((tmp_path / "out" / "squares.json").read_text())
    assert written["recipe"]["backends"]["refiner"] == f"openai:{model.variant}"


def test_a_failing_server_fails_the_image_with_a_way_on(serve, image, tmp_path, capsys):  # noqa: F811
    server = serve(lambda _r: error(401))
    options = ["--classes", "zebra crossing", "--out", tmp_path / "out", "--yes-send"]
    assert run("segment", image, *options, *refiner(server)) == 1
    assert "embedded:book" in capsys.readouterr().err
