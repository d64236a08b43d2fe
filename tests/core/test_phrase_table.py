from __future__ import annotations

import pytest

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.phrase_table import PhraseRow, PhraseTable
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.suggestion import PhraseMatch

NAMES = ("person", "car")


def learned(phrase, name, source="llm"):
    return PhraseTable().learned([PhraseMatch(phrase, name, source, 0.9)])


def test_a_phrase_is_found_however_it_is_spaced_and_cased():
    found = learned("Red sedan", "car").find(" red  Sedan", NAMES)
    assert found == PhraseMatch(" red  Sedan", "car", "llm", 0.9)


def test_a_decision_for_a_class_that_is_gone_counts_no_more():
    assert learned("sedan", "car").find("sedan", ["person"]) is None
    assert learned("windy", None).find("windy", ["person"]).name is None


def test_it_is_known_who_decided_and_when():
    row = learned("sedan", "car").rows[0]
    assert row.source == "llm"
    assert row.when.endswith("+00:00")
    assert not row.locked


def test_a_person_outweighs_a_machine():
    table = learned("sedan", "car").decided("sedan", None)
    assert [(r.name, r.source, r.locked) for r in table.rows] == [(None, "you", True)]
    again = table.learned([PhraseMatch("SEDAN", "person", "llm", 1.0)])
    assert again.rows == table.rows
    assert (
        again.with_lock("sedan", locked=False).learned([PhraseMatch("sedan", "car", "llm", 1.0)]).rows[0].name
        == "car"
    )


def test_a_phrase_can_be_forgotten():
    assert learned("sedan", "car").without("Sedan").rows == ()


def test_in_joined_tables_locks_win_then_the_other():
    mine = learned("a b", "car").decided("c d", "car")
    theirs = learned("a b", "person").learned([PhraseMatch("c d", "person", "llm", 1.0)])
    assert [r.name for r in mine.joined(theirs).rows] == ["person", "car"]
    assert [r.name for r in theirs.joined(mine).rows] == ["car", "car"]


def test_a_table_is_written_and_read(tmp_path):
    table = learned("sedan", "car").decided("windy", None)
    table.write(tmp_path / "t.json")
    assert PhraseTable.read(tmp_path / "t.json") == table


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"version": 2}',
        '{"rows": [{"phrase": "", "name": null}]}',
        '{"rows": [{"name": "a"}]}',
    ],
)
def test_what_is_no_table_is_told(tmp_path, text):
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(BadFileError, match=r"'t\.json' is not a phrase table"):
        PhraseTable.read(path)


def test_a_missing_table_is_told(tmp_path):
    with pytest.raises(BadFileError, match="could not be read"):
        PhraseTable.read(tmp_path / "none.json")


def test_decisions_travel_in_the_recipe(tmp_path):
    row = PhraseRow(phrase="sedan", name="car", locked=True)
    recipe = Recipe.model_validate({"guidance": {"phrases": {"rows": [row.model_dump()]}, "note": "n"}})
    recipe.write(tmp_path / "r.json")
    assert Recipe.read(tmp_path / "r.json").guidance.phrases.rows == (row,)
