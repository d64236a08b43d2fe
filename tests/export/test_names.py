from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from napari_zeroseg.export.names import RESERVED, safe_name, unique_names


def test_letters_of_all_scripts_stay():
    assert safe_name("Zellkern groß") == "Zellkern_groß"
    assert safe_name("細胞核") == "細胞核"


@given(st.text(max_size=200))
def test_a_safe_name_is_one_part_of_a_path(text):
    name = safe_name(text)
    assert Path(name).name == name
    assert not name.startswith(".")
    assert 0 < len(name) <= 60


@given(st.lists(st.text(max_size=8), unique=True, max_size=12))
def test_every_name_gets_a_file_of_its_own(texts):
    stems = [stem.casefold() for stem in unique_names(texts).values()]
    assert len(set(stems)) == len(texts)
    assert not set(stems) & set(RESERVED)
