from __future__ import annotations

from napari_zeroseg.backends.llm.chat import Usage
from napari_zeroseg.backends.llm.prices import price_list, spending
from napari_zeroseg.backends.llm.servers import PRESETS


def test_what_is_known_is_an_estimate_and_says_so():
    spent = spending("openai", "gpt-4.1", Usage(2, 1_000_000, 500_000))
    assert spent.dollars == 2.00 + 8.00 / 2
    assert str(spent).endswith("about $6.0000 (unofficial prices of 2026-03)")


def test_what_is_not_known_costs_nobody_knows_what():
    assert spending("openai", "a model of tomorrow", Usage(1, 10, 10)).dollars is None
    assert spending("ollama", "gpt-4.1", Usage(1, 10, 10)).dollars is None


def test_what_was_taken_since_then_is_counted_and_priced_alone():
    spent = spending("openai", "gpt-4.1", Usage(3, 3_000_000, 100))
    later = spent.since(Usage(2, 1_000_000, 100))
    assert later.usage == Usage(1, 2_000_000, 0)
    assert later.dollars == 4.00
    assert spent.since(None) == spent


def test_the_list_says_where_it_comes_from():
    assert "not OpenAI's own list" in price_list().source
    assert set(price_list().servers) <= set(PRESETS)
