"""Tags of RAM++ and of target classes, on whole images and in patches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.ram import tagger as module
from napari_zeroseg.backends.ram.tagger import RamTagger
from napari_zeroseg.backends.roles import OpenSetTagger
from napari_zeroseg.backends.weights.places import VARIABLE, folder_of
from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.descriptions import descriptions
from napari_zeroseg.core.errors import BadFileError, MissingBackendError
from napari_zeroseg.core.vocabulary import TargetClass
from tests.backends.ram import published

WEIGHTS = find(Role.TAGGER, "ram:plus-swin-l").weights
IMAGE = np.random.default_rng(0).random((32, 32, 3), np.float32)
LARGE = np.random.default_rng(1).random((700, 60, 3), np.float32)
CLASSES = [
    TargetClass("nucleus", synonyms=("karyon",), attributes=Attributes("dark purple", "round")),
    TargetClass("cytoplasm", attributes=Attributes("pale pink")),
    TargetClass("cell"),
]


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path_factory.mktemp("models")))
        published.write_published(folder_of(WEIGHTS))
        yield


@pytest.fixture(scope="module")
def tagger(models) -> RamTagger:
    return RamTagger(Checkpoint("ram:test", WEIGHTS))


@pytest.fixture
def every_score(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all tags through, so that scores can be compared."""
    monkeypatch.setattr(module, "OPEN_SET_THRESHOLD", -1.0)
    monkeypatch.setattr(module, "read_tag_list", _no_thresholds)


def _no_thresholds(*_paths: Path) -> module.TagList:
    return module.TagList(published.WORDS, (-1.0,) * published.TAGS)


def _expected(image: np.ndarray) -> np.ndarray:
    """Return the scores of RAM++'s tags from the formulas; the image has the encoder's size."""
    state = published.state_of()
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = ((torch.from_numpy(image) - mean) / std).permute(2, 0, 1)[None]
    states = published.image_states(state, pixels)
    return published.logits(state, states, state["label_embed"], published.DESCRIPTIONS)[0].sigmoid().numpy()


def test_scores_are_the_published_ones(tagger: RamTagger, every_score: None) -> None:
    scores = {tag.text: tag.score for tag in tagger.tag(IMAGE)}
    assert [scores[word] for word in published.WORDS] == pytest.approx(_expected(IMAGE).tolist(), abs=1e-4)


def test_a_tag_is_given_from_its_own_threshold_best_first(tagger: RamTagger) -> None:
    given = tagger.tag(IMAGE)
    expected = dict(zip(published.WORDS, _expected(IMAGE), strict=True))
    limits = dict(zip(published.WORDS, published.THRESHOLDS, strict=True))
    assert {tag.text for tag in given} == {word for word in limits if expected[word] > limits[word]}
    assert 0 < len(given) < published.TAGS
    assert [t.score for t in given] == sorted((t.score for t in given), reverse=True)


def test_classes_are_recognised_by_their_descriptions(tagger: RamTagger, every_score: None) -> None:
    scores = {tag.text: tag.score for tag in tagger.tag_among(IMAGE, CLASSES)}
    assert scores.keys() == {*published.WORDS, "nucleus", "cytoplasm", "cell"}
    state = published.state_of()
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = ((torch.from_numpy(IMAGE) - mean) / std).permute(2, 0, 1)[None]
    states = published.image_states(state, pixels)
    for target in CLASSES:
        texts = descriptions(target)
        vectors = torch.from_numpy(_reference_vectors(texts))
        logit = published.logits(state, states, vectors, len(texts))
        assert scores[target.name] == pytest.approx(float(logit.sigmoid()), abs=1e-4)


def _reference_vectors(texts: tuple[str, ...]) -> np.ndarray:
    """Return unit vectors of the whole CLIP, one text at a time, without padding."""
    from transformers import CLIPModel

    folder = folder_of(WEIGHTS) / "clip"
    tokenizer = published.byte_tokenizer()
    model = CLIPModel(published.clip_config(tokenizer)).eval()
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    del state["text_model.embeddings.position_ids"]
    model.load_state_dict(state)
    vectors = []
    for text in texts:
        ids = tokenizer([text], truncation=True, max_length=77, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            hidden = model.text_model(input_ids=ids).pooler_output
            vectors.append(torch.nn.functional.normalize(model.text_projection(hidden), dim=-1)[0].numpy())
    return np.stack(vectors)


def test_classes_change_no_score_of_the_tags(tagger: RamTagger, every_score: None) -> None:
    alone = {t.text: t.score for t in tagger.tag(IMAGE)}
    among = {t.text: t.score for t in tagger.tag_among(IMAGE, CLASSES)}
    assert {word: among[word] for word in alone} == pytest.approx(alone, abs=1e-5)


def test_a_class_that_is_a_tag_too_comes_once(tagger: RamTagger, every_score: None) -> None:
    texts = [tag.text.casefold() for tag in tagger.tag_among(IMAGE, [TargetClass("Cat")])]
    assert texts.count("cat") == 1


def test_a_large_image_has_the_best_scores_of_its_patches(tagger: RamTagger, every_score: None) -> None:
    whole = {t.text: t.score for t in tagger.tag_among(LARGE, CLASSES)}
    halves = [LARGE[rows, columns] for rows in np.s_[:350, 350:] for columns in np.s_[:30, 30:]]
    parts = [{t.text: t.score for t in tagger.tag_among(half, CLASSES)} for half in halves]
    best = {text: max(part[text] for part in parts) for text in whole}
    assert len({round(part["cat"], 4) for part in parts}) == 4
    assert whole == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("at_once", [2, 3, 8])
def test_patches_in_batches_have_the_scores_of_single_ones(
    tagger: RamTagger, every_score: None, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    single = {t.text: t.score for t in tagger.tag_among(LARGE, CLASSES)}
    monkeypatch.setattr(module, "PATCHES_AT_ONCE", {"cpu": at_once})
    assert {t.text: t.score for t in tagger.tag_among(LARGE, CLASSES)} == pytest.approx(single, abs=1e-4)


def test_the_work_can_be_called_off_between_patches(
    tagger: RamTagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancellation, seen = Cancellation(), []

    def one_patch(*arguments):
        seen.append(arguments)
        cancellation.cancel()
        return computed(*arguments)

    computed = module.image_states
    monkeypatch.setattr(module, "image_states", one_patch)
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        tagger.tag(LARGE)
    assert len(seen) == 1


@pytest.mark.parametrize("count", [7, 3, 15])
def test_a_tag_list_of_another_checkpoint_is_refused(
    tagger: RamTagger, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    other = module.TagList(("a",) * count, (0.5,) * count)
    monkeypatch.setattr(module, "read_tag_list", lambda *_: other)
    with pytest.raises(BadFileError, match=f"of {count} tags"):
        tagger.tag(IMAGE)


def test_descriptions_are_computed_once(tagger: RamTagger, monkeypatch: pytest.MonkeyPatch) -> None:
    tagger.tag_among(IMAGE, CLASSES)
    monkeypatch.setattr("napari_zeroseg.backends.clip_text.read_text_encoder", None)
    monkeypatch.setattr("napari_zeroseg.backends.clip_text.resident", None)
    tagger.tag_among(IMAGE, CLASSES)


def test_nothing_is_read_before_the_first_question(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    tagger = RamTagger(Checkpoint("ram:plus-swin-l", WEIGHTS))
    assert isinstance(tagger, OpenSetTagger)
    with pytest.raises(MissingBackendError, match="models download ram:plus-swin-l"):
        tagger.tag(IMAGE)
