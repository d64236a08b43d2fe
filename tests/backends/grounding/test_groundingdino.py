"""Grounding DINO: many classes on one image, one encoding, one class per box."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends.grounding import groundingdino
from napari_zeroseg.backends.grounding.framing import Framing
from napari_zeroseg.backends.grounding.groundingdino import GroundingDino, clamped_as_trained
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.core.vocabulary import TargetClass
from tests.backends.grounding.class_names import NAMES
from tests.backends.grounding.tiny_models import DOT, QUERIES

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture
def model(dino_checkpoint):
    """The model that the detector uses."""
    detector = GroundingDino(dino_checkpoint)
    with resident(dino_checkpoint.name, detector._load) as model:
        yield model


@pytest.fixture
def calls(model):
    """The pixels of each run of the vision backbone."""
    seen = []
    handle = model.model.backbone.conv_encoder.register_forward_hook(
        lambda _m, args, _o: seen.append(args[0])
    )
    yield seen
    handle.remove()


def targets(*names):
    return [TargetClass(name) for name in names]


def test_boxes_and_scores_are_those_of_the_model(model, dino_checkpoint, dino_folder, image):
    found = GroundingDino(dino_checkpoint).detect(image, targets("cat", "dog"))
    tokenizer = transformers.BertTokenizer.from_pretrained(dino_folder, local_files_only=True)
    with torch.inference_mode(), clamped_as_trained(model):
        plain = model(
            pixel_values=Framing.read(dino_folder).tensor(image, "cpu"),
            **tokenizer("cat. dog.", return_tensors="pt"),
        )
    of_names = plain.logits[0, :, [1, 3]].sigmoid().max(dim=1).values
    expected = sorted(of_names.tolist(), reverse=True)
    assert [d.score for d in found] == pytest.approx(expected, abs=1e-5)
    best = plain.pred_boxes[0, of_names.argmax()]
    center, half = best[:2] * torch.tensor([110, 70]), best[2:] * torch.tensor([55, 35])
    low, high = (center - half).clamp(min=0), torch.minimum(center + half, torch.tensor([110, 70]))
    assert found[0].box == pytest.approx([*low.tolist(), *high.tolist()], abs=1e-3)


def test_150_classes_share_one_encoding_and_each_box_has_one_class(dino_checkpoint, image, calls):
    found = GroundingDino(dino_checkpoint).detect(image, targets(*NAMES))
    assert len(NAMES) == 150
    assert len(calls) == 1
    assert {d.name for d in found} <= set(NAMES)
    assert all(d.phrase == d.name for d in found)
    assert len(found) > QUERIES  # from more than one prompt


def phrases_in(tokens):
    """Return where each phrase between dots starts and stops."""
    dots = [i for i, token in enumerate(tokens) if token == DOT]
    return list(zip([1, *(i + 1 for i in dots)], dots, strict=False))


def test_each_of_150_classes_is_found_by_its_own_tokens_alone(model, dino_checkpoint, dino_folder, image):
    """Each run makes the queries of each prompt see the tokens of as many phrases."""
    tokenizer = transformers.BertTokenizer.from_pretrained(dino_folder, local_files_only=True)
    detector, seen, first, shown = GroundingDino(dino_checkpoint), [], 0, []

    def hook(_module, _args, given, output):
        tokens = given["input_ids"][0].tolist()
        output.logits[:] = -20.0
        for query, (start, stop) in enumerate(phrases_in(tokens)[first : first + QUERIES]):
            output.logits[0, query, start:stop] = 0.0
            shown.append(tokenizer.decode(tokens[start:stop]))

    handle = model.register_forward_hook(hook, with_kwargs=True)
    while len(seen) < len(NAMES):
        shown.clear()
        found = detector.detect(image, targets(*NAMES))
        assert shown
        assert sorted(d.name for d in found) == sorted(shown)
        assert {d.score for d in found} == {d.text_score for d in found} == {0.5}
        seen += shown
        first += QUERIES
    handle.remove()
    assert sorted(seen) == sorted(NAMES)


def test_other_classes_on_the_same_image_do_not_encode_it_again(dino_checkpoint, image, calls):
    detector = GroundingDino(dino_checkpoint)
    first = detector.detect(image, targets("cat", "dog"))
    detector.detect(image, targets("leaf"))
    assert detector.detect(image, targets("cat", "dog")) == first
    assert len(calls) == 1
    detector.detect(image[:, ::-1], targets("cat"))
    assert len(calls) == 2


def test_a_prompt_answers_the_same_whichever_prompts_came_before(dino_checkpoint, image, monkeypatch):
    detector = GroundingDino(dino_checkpoint)
    names = ("cat", "dog", "leaf", "stem")
    monkeypatch.setattr(groundingdino, "MAX_TOKENS", 6)  # two names of one token fit
    together = detector.detect(image, targets(*names))
    apart = detector.detect(image, targets(*names[:2])) + detector.detect(image, targets(*names[2:]))
    assert sorted(together, key=repr) == sorted(apart, key=repr)
    assert {d.name for d in together} & set(names[:2])
    assert {d.name for d in together} & set(names[2:])


def test_without_classes_nothing_is_computed(dino_checkpoint, image, calls):
    assert GroundingDino(dino_checkpoint).detect(image, []) == []
    assert calls == []


@pytest.fixture
def steered(model):
    """Make the model score chosen tokens: {query: {position: probability}}."""
    handles = []

    def steer(wanted):
        def hook(_module, _args, output):
            output.logits[:] = -20.0
            for query, scores in wanted.items():
                for position, probability in scores.items():
                    output.logits[0, query, position] = torch.logit(torch.tensor(probability))

        handles.append(model.register_forward_hook(hook))

    yield steer
    for handle in handles:
        handle.remove()


def plain_phrases(model, folder, pixels, text):
    """Return what transformers' own decoding answers at the thresholds of the published method."""
    tokenizer = transformers.BertTokenizer.from_pretrained(folder, local_files_only=True)
    processor = transformers.GroundingDinoProcessor(transformers.GroundingDinoImageProcessorPil(), tokenizer)
    inputs = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        output = model(pixel_values=pixels, **inputs)
    (result,) = processor.post_process_grounded_object_detection(
        output, inputs["input_ids"], threshold=0.18, text_threshold=0.15
    )
    return result["text_labels"]


def test_plain_decoding_merges_classes_and_cuts_words_and_ours_does_not(
    model, steered, dino_checkpoint, dino_folder, image
):
    #  0 CLS  1 glass  2 .  3 oil  4 .  5 fis  6 ##hy  7 .  8 SEP
    steered({0: {1: 0.5, 3: 0.3}, 1: {6: 0.4}, 2: {5: 0.3, 6: 0.5}})
    pixels = Framing.read(dino_folder).tensor(image, "cpu")
    assert plain_phrases(model, dino_folder, pixels, "glass. oil. fishy.") == ["glass oil", "##hy", "fishy"]

    found = GroundingDino(dino_checkpoint).detect(image, targets("glass", "oil", "fishy"))
    assert [(d.phrase, d.name) for d in found] == [("glass", "glass"), ("fishy", "fishy"), ("fishy", "fishy")]
    assert [d.score for d in found] == pytest.approx([0.5, 0.5, 0.4], abs=1e-5)
    assert [d.text_score for d in found] == pytest.approx([0.5, 0.4, 0.2], abs=1e-5)


def test_coordinates_are_cut_where_the_authors_cut_them(model):
    near = torch.tensor([1e-6, 0.5, 1 - 1e-6])
    assert torch.special.logit(near, eps=1e-5).abs().max() > 11
    with clamped_as_trained(model):
        assert torch.special.logit(near, eps=1e-5).tolist() == pytest.approx([-6.90776, 0, 6.90776], abs=1e-4)
    assert torch.special.logit(near, eps=1e-5).abs().max() > 11
