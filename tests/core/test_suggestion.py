"""Tags of several sources."""

from napari_zeroseg.core.suggestion import Tag, united


def test_each_text_comes_once_with_its_best_score_best_first() -> None:
    tags = [Tag("sky", 0.4), Tag("tree", 0.8), Tag("Sky", 0.9), Tag("sky", 0.6)]
    assert united(tags) == [Tag("Sky", 0.9), Tag("tree", 0.8)]
    assert united([]) == []
