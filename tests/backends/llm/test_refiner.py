from __future__ import annotations

import json

import pytest

from napari_zeroseg.backends.llm.problems import BadAnswerError
from napari_zeroseg.core.consent import Consent, NotConsentedError, TextKind
from napari_zeroseg.core.guidance import Example, Guidance
from napari_zeroseg.core.phrase_table import PhraseTable
from napari_zeroseg.core.suggestion import Tag
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.backends.llm.scripted_server import data_of, paper_like, said

STREET = Vocabulary.parse("person, car, sky, zebra crossing")
TAGS = [Tag("pavement markings", 0.9), Tag("car", 0.8), Tag("windy", 0.7)]


def scene(*rows, ideas=()):
    return lambda _request: said(json.dumps({"classes": list(rows), "ideas": list(ideas)}))


def row(name, **more):
    return {
        "class": name,
        "present": True,
        "implied": False,
        "confidence": 0.8,
        "evidence": [],
        "reason": "so",
    } | more


def by_name(suggestions):
    return {s.name: s for s in suggestions}


def test_the_model_decides_on_what_no_tag_names(serve, refiner_on):
    server = serve(scene(row("zebra crossing", evidence=["pavement markings"], reason="Painted stripes.")))
    found = by_name(refiner_on(server).suggest(TAGS, "a street", STREET))
    assert list(found) == list(STREET.names)
    crossing = found["zebra crossing"]
    assert (crossing.source, crossing.confidence, crossing.implied) == ("llm", 0.8, False)
    assert crossing.evidence == ("pavement markings",)
    assert crossing.reason == "Painted stripes."
    assert found["sky"].confidence <= 0.2
    assert "left it out" in found["sky"].reason


def test_a_named_class_stays_whatever_the_model_says(serve, refiner_on):
    server = serve(scene(row("car", present=False, confidence=1.0)))
    car = by_name(refiner_on(server).suggest(TAGS, "", STREET))["car"]
    assert car.source == "name"
    assert car.confidence >= 0.5


def test_what_the_scene_implies_is_marked(serve, refiner_on):
    server = serve(scene(row("sky", implied=True), row("person", evidence=["a made-up tag"])))
    found = by_name(refiner_on(server).suggest(TAGS, "a street", STREET))
    assert found["sky"].implied
    assert found["person"].implied
    assert found["person"].evidence == ()


def test_why_not_is_told(serve, refiner_on):
    server = serve(scene(row("person", present=False, confidence=0.9, reason="Nobody is named.")))
    person = by_name(refiner_on(server).suggest(TAGS, "", STREET))["person"]
    assert person.reason == "Nobody is named."
    assert person.confidence <= 0.2


def test_ideas_are_no_suggestions(serve, refiner_on):
    idea = {"name": "lamp post", "evidence": ["windy"], "reason": "It bends."}
    alien = {"name": "car", "evidence": ["windy"], "reason": "It is there already."}
    groundless = {"name": "dragon", "evidence": ["dragon"], "reason": "No tag says so."}
    refiner = refiner_on(serve(scene(row("sky", implied=True), ideas=[idea, alien, groundless])))
    suggestions = refiner.suggest(TAGS, "", STREET)
    assert [s.name for s in suggestions] == list(STREET.names)
    assert [i.name for i in refiner.ideas(TAGS, "", STREET)] == ["lamp post"]


def test_nothing_new_asks_nothing(serve, refiner_on):
    server = serve(scene(row("sky")))
    refiner = refiner_on(server)
    refiner.suggest([Tag("car", 0.9)], "", Vocabulary.parse("car"))
    refiner.suggest([], "", STREET)
    refiner.match(["car", "cars"], STREET)
    assert server.requests == []
    refiner.suggest(TAGS, "", STREET)
    refiner.suggest(TAGS, "", STREET)
    assert len(server.requests) == 1


def test_all_unknown_phrases_go_in_one_request(serve, refiner_on):
    server = serve(paper_like({}, {"striped road": "zebra crossing"}))
    refiner = refiner_on(server)
    found = refiner.match(["car", "striped road", "##hy"], STREET)
    assert [(m.phrase, m.name) for m in found] == [
        ("car", "car"), ("striped road", "zebra crossing"), ("##hy", None),
    ]  # fmt: skip
    assert found[1].source == "llm"
    assert list(data_of(server.requests[0])["phrases"].values()) == ["striped road", "##hy"]
    assert refiner.match(["##hy", "Striped  road"], STREET)[1].name == "zebra crossing"
    assert len(server.requests) == 1


def test_answers_are_remembered_per_vocabulary(serve, refiner_on):
    server = serve(paper_like({}, {"striped road": "zebra crossing"}))
    refiner = refiner_on(server)
    refiner.match(["striped road"], STREET)
    refiner.match(["striped road"], Vocabulary.parse("person, car"))
    assert len(server.requests) == 2
    assert [r.name for r in refiner.phrase_table(STREET).rows] == ["zebra crossing"]


def test_what_is_forgotten_is_asked_again(serve, refiner_on):
    server = serve(paper_like({}, {"striped road": "zebra crossing"}))
    refiner = refiner_on(server)
    refiner.match(["striped road", "##hy"], STREET)
    refiner.forget("Striped  road", STREET)
    assert [r.phrase for r in refiner.phrase_table(STREET).rows] == ["##hy"]
    assert refiner.match(["striped road", "##hy"], STREET)[0].name == "zebra crossing"
    assert [list(data_of(r)["phrases"].values()) for r in server.requests][1:] == [["striped road"]]


def test_a_persons_word_comes_first(serve, refiner_on):
    server = serve(paper_like({}, {"striped road": "zebra crossing"}))
    refiner = refiner_on(server)
    refiner.match(["striped road"], STREET)
    phrases = PhraseTable().decided("striped road", None).decided("cars", "sky")
    guided = refiner.guided(Guidance(phrases=phrases))
    assert [m.name for m in guided.match(["striped road", "cars"], STREET)] == [None, "sky"]
    assert guided.phrase_table(STREET).find("striped road", STREET.names).source == "you"
    assert len(server.requests) == 1


def test_examples_and_note_go_along(serve, refiner_on):
    server = serve(scene(row("sky", implied=True)))
    example = Example(tags=("asphalt",), caption="a road", classes=("car", "not in the list"))
    guided = refiner_on(server).guided(Guidance(examples=(example,), note="taken from a drone"))
    guided.suggest(TAGS, "", STREET)
    sent = data_of(server.requests[0])
    assert sent["examples_with_true_classes"] == [
        {"tags": ["asphalt"], "caption": "a road", "true_classes": ["car"]}
    ]
    assert sent["note_from_the_user"] == "taken from a drone"


def test_looks_of_all_classes_come_in_one_request(serve, refiner_on):
    looks = [
        {
            "class": "widget",
            "color": "teal; shiny",
            "shape": "round",
            "texture": "",
            "sense": "a machine part",
        },
        {"class": "gadget", "color": "red", "shape": "x" * 500, "texture": "", "sense": ""},
        {"class": "gizmo", "color": "red", "shape": "", "texture": "", "sense": ""},
    ]
    server = serve(lambda _r: said(json.dumps({"classes": looks})))
    vocabulary = Vocabulary.parse("widget; gadget: blue; other:")
    described = refiner_on(server).describe_all(vocabulary)
    assert described["widget"].attributes.color == "teal, shiny"
    assert described["gadget"].attributes.color == "blue"
    assert len(described["gadget"].attributes.shape) <= 80
    assert not described["other"].attributes
    assert Vocabulary.parse(described.text()).names == vocabulary.names
    assert len(server.requests) == 1


def test_nothing_is_sent_without_consent(serve, refiner_on):
    server, shown = serve(paper_like({}, {})), []

    def refuse(letter):
        shown.append(letter)
        return False

    refiner = refiner_on(server, Consent(refuse))
    with pytest.raises(NotConsentedError, match="embedded:book"):
        refiner.suggest(TAGS, "a street", STREET)
    with pytest.raises(NotConsentedError):
        refiner.match(["striped road"], STREET)
    with pytest.raises(NotConsentedError):
        refiner.describe_all(STREET)
    assert server.requests == []
    assert [letter.kind for letter in shown] == [TextKind.SCENE, TextKind.PHRASES, TextKind.LOOKS]


def test_the_exact_text_is_shown_once_per_kind(serve, refiner_on):
    server, shown = serve(paper_like({}, {})), []

    def agree(letter):
        shown.append(letter)
        return True

    refiner = refiner_on(server, Consent(agree))
    refiner.suggest(TAGS, "a street", STREET)
    refiner.suggest(TAGS, "another street", STREET)
    assert len(server.requests) == 2
    assert len(shown) == 1
    assert shown[0].recipient in server.url
    for message in server.requests[0]["messages"]:
        assert message["content"] in shown[0].text
    refiner.guided(Guidance(note="at night")).suggest(TAGS, "a street", STREET)
    assert [letter.kind for letter in shown] == [TextKind.SCENE, TextKind.SCENE_WITH_EXAMPLES]


def test_an_answer_that_cannot_be_read_is_asked_for_again_and_then_given_up(serve, refiner_on):
    server = serve(lambda _r: said("I would say sky."))
    with pytest.raises(BadAnswerError, match="embedded:book"):
        refiner_on(server).suggest(TAGS, "", STREET)
    assert len(server.requests) == 3
    assert [r["temperature"] for r in server.requests] == pytest.approx([0, 0.3, 0.6])
    forms = [r.get("response_format", {}).get("type") for r in server.requests]
    assert forms == ["json_schema", "json_object", None]


def test_tokens_are_counted(serve, refiner_on):
    refiner = refiner_on(serve(paper_like({}, {})))
    refiner.suggest(TAGS, "", STREET)
    refiner.match(["striped road"], STREET)
    (spent,) = refiner.spent
    assert (spent.usage.calls, spent.usage.prompt_tokens, spent.usage.answer_tokens) == (2, 200, 40)
    assert spent.dollars is None
    assert str(spent) == "scripted: 2 requests, 200 + 40 tokens"
