"""One text for many classes, and whose each token is."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends.grounding.spans import Reader, text_prompts
from napari_zeroseg.core.errors import BadFileError, BadVocabularyError
from napari_zeroseg.core.vocabulary import TargetClass
from tests.backends.grounding.tiny_models import write_vocabulary

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocabulary")
    write_vocabulary(folder)
    return transformers.BertTokenizer.from_pretrained(folder, local_files_only=True)


@pytest.fixture(scope="module")
def reader(tokenizer):
    return Reader.of(tokenizer)


def targets(*names):
    return [TargetClass(name) for name in names]


def words(prompt, tokenizer):
    return {
        span.phrase.name: tokenizer.convert_ids_to_tokens(prompt.tokens[span.start : span.stop])
        for span in prompt.spans
    }


def test_the_text_is_the_one_that_the_model_was_trained_with(reader, tokenizer):
    (prompt,) = text_prompts(targets("Cat", "traffic light", "fishy", "t-shirt"), reader, 256)
    assert list(prompt.tokens) == tokenizer("cat. traffic light. fishy. t-shirt.")["input_ids"]


def test_each_class_owns_the_tokens_of_its_name(reader, tokenizer):
    (prompt,) = text_prompts(targets("Cat", "traffic light", "fishy"), reader, 256)
    assert words(prompt, tokenizer) == {
        "Cat": ["cat"],
        "traffic light": ["traffic", "light"],
        "fishy": ["fis", "##hy"],
    }


def test_synonyms_share_the_class_but_not_the_span(reader):
    (prompt,) = text_prompts([TargetClass("car", synonyms=("traffic",)), TargetClass("cat")], reader, 256)
    assert [(s.phrase.text, s.phrase.name) for s in prompt.spans] == [
        ("car", "car"),
        ("cat", "cat"),
        ("traffic", "car"),
    ]


def test_what_does_not_fit_goes_into_a_further_prompt(reader):
    names = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefghij"]  # two pieces each
    prompts = text_prompts(targets(*names), reader, 64)
    assert all(len(p.tokens) <= 64 for p in prompts)
    assert [s.phrase.name for p in prompts for s in p.spans] == names
    assert len(prompts) == 4  # 80 names of 2 pieces and a mark, 20 fit into 64 with the outer marks


def test_synonyms_fill_prompts_but_never_make_one(reader):
    names = [f"{a}{b}" for a in "abcd" for b in "abcde"]  # take 62 tokens with all marks
    classes = [TargetClass(name, synonyms=("cat", "dog")) for name in names]
    (full,) = text_prompts(classes, reader, 62)
    assert len(full.spans) == 20
    (roomy,) = text_prompts(classes, reader, 64)
    assert [s.phrase.text for s in roomy.spans[20:]] == ["cat"]


def test_a_name_longer_than_any_prompt_is_cut(reader):
    (prompt,) = text_prompts(targets("a" * 60), reader, 16)
    assert len(prompt.tokens) == 16
    assert prompt.tokens[-2:] == (reader.between, reader.last)


def test_a_name_of_unknown_signs_is_refused(reader):
    with pytest.raises(BadVocabularyError, match="cannot read"):
        text_prompts(targets("клетка"), reader, 256)


def test_another_vocabulary_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\na\n")
    tokenizer = transformers.BertTokenizer.from_pretrained(tmp_path, local_files_only=True)
    with pytest.raises(BadFileError, match="not that of BERT"):
        Reader.of(tokenizer)
