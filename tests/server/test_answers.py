"""What a server answers is what its models answer to themselves, for eight clients at a time too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_zeroseg import Recipe, segment
from napari_zeroseg.backends import registry
from napari_zeroseg.backends.embedded.classifier import RegionWords
from napari_zeroseg.backends.embedded.detector import EmbeddedDetector
from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.backends.embedded.scales import ScalesExtractor
from napari_zeroseg.backends.embedded.seeker import EmbeddedSeeker
from napari_zeroseg.backends.embedded.segmenter import EmbeddedSegmenter
from napari_zeroseg.backends.embedded.similarity import EmbeddedEncoder
from napari_zeroseg.backends.embedded.tagger import EmbeddedTagger
from napari_zeroseg.backends.embedded.texture import TextureExtractor
from napari_zeroseg.backends.embeddings import IN_MEMORY
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.remote import models as remote
from napari_zeroseg.core.consent import PERSON, agreeing, nobody_to_ask
from napari_zeroseg.core.exemplars import Exemplars
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods.grounded import tags_of
from napari_zeroseg.server.limits import Limits
from tests.server.served import TOKEN, forget_servers, picture, served

WORDS = Vocabulary.parse("nucleus: bright, round; debris: dark, small")
PROMPTS = [
    Prompt((Point(40, 40),)),
    Prompt(box=(20.0, 20.0, 60.0, 60.0)),
    Prompt((Point(30, 30), Point(5, 5, positive=False)), box=(10.5, 12.0, 50.0, 55.25)),
]


@pytest.fixture(scope="module")
def server():
    with served() as running:
        yield running


def same_logits(one, other):
    return (
        one.origin == other.origin and one.score == other.score and np.array_equal(one.values, other.values)
    )


def answers_of(plane, tagger, detector, segmenter):
    embedding = segmenter.embed(plane)
    first = segmenter.segment(embedding, PROMPTS)
    again = Prompt((Point(41, 40),), mask=first[0].mask())
    return (
        tags_of(plane, WORDS, tagger),
        tagger.tag(plane),
        detector.detect(plane, WORDS.classes),
        first + segmenter.segment(embedding, [again]),
    )


def test_eight_clients_at_once_get_what_the_models_answer_here(server):
    planes = [picture(seed) for seed in range(8)]
    expected = [answers_of(p, EmbeddedTagger(), EmbeddedDetector(), EmbeddedSegmenter()) for p in planes]

    def asked(plane):
        name = server.name("embedded:regions")
        with server.client() as one:
            tagger = remote.RemoteTagger(name, one)
            return answers_of(
                plane, tagger, remote.RemoteDetector(name, one), remote.RemoteSegmenter(name, one)
            )

    with ThreadPoolExecutor(8) as eight:
        found = list(eight.map(asked, planes))
    for (among, tags, boxes, masks), (among_here, tags_here, boxes_here, masks_here) in zip(
        found, expected, strict=True
    ):
        assert list(among) == list(among_here)
        assert tags == tags_here
        assert boxes == boxes_here
        assert any(mask.values.size for mask in masks)
        assert all(map(same_logits, masks, masks_here))


def test_every_other_role_answers_as_here(server):
    plane = picture(1)
    masks = [Mask.from_plane(plane[..., 1] > 0.5)]
    seen = Exemplars((Mask((30, 30), np.ones((8, 8), bool)),), (masks[0],))
    with server.client() as one:

        def there(kind, model="embedded:regions"):
            return kind(server.name(model), one)

        caption = there(remote.RemoteCaptioner).caption(plane)
        assert caption == EmbeddedTagger().caption(plane)
        texture = there(remote.RemoteExtractor, "embedded:texture").features(plane)
        assert np.array_equal(texture, TextureExtractor().features(plane))
        detail = there(remote.RemoteDetail, "embedded:scales").features(plane)
        assert np.array_equal(detail, ScalesExtractor().features(plane))
        shares = there(remote.RemoteClassifier).classify(plane, masks, WORDS.classes)
        assert np.array_equal(shares, RegionWords().classify(plane, masks, WORDS.classes))
        alike = there(remote.RemoteSeeker).seek(plane, seen)
        for found, here in zip(alike, EmbeddedSeeker().seek(plane, seen), strict=True):
            assert found.score == here.score
            assert found.mask.same_as(here.mask)
        aligned = there(remote.RemoteEncoder).encode(plane, WORDS.classes)
        here = EmbeddedEncoder().encode(plane, WORDS.classes)
        assert aligned.sharpness == here.sharpness
        for name in ("dense", "texts", "ground"):
            assert np.array_equal(getattr(aligned, name), getattr(here, name))


def test_words_are_decided_on_as_here(server):
    tags, here = EmbeddedTagger().tag(picture(2)), EmbeddedRefiner()
    with server.client() as one:
        refiner = remote.RemoteRefiner(server.name("embedded:book"), one)
        assert refiner.suggest(tags, "Six bright discs.", WORDS) == here.suggest(
            tags, "Six bright discs.", WORDS
        )
        phrases = ["nuclei", "a bright thing", "zebra"]
        assert refiner.match(phrases, WORDS) == here.match(phrases, WORDS)
        assert refiner.describe(WORDS["nucleus"]) == here.describe(WORDS["nucleus"])


def test_parts_of_a_large_image_are_judged_by_what_is_usual_in_all_of_it(server):
    sample, plane = picture(3, 160), picture(5)
    classes = WORDS.classes
    detector, segmenter = (
        EmbeddedDetector().surveyed(sample, classes),
        EmbeddedSegmenter().surveyed(sample, classes),
    )
    with server.client() as one:
        name = server.name("embedded:regions")
        there = remote.RemoteDetector(name, one).surveyed(sample, classes)
        assert there.detect(plane, classes) == detector.detect(plane, classes)
        drawing = remote.RemoteSegmenter(name, one).surveyed(sample, classes)
        found = drawing.segment(drawing.embed(plane), PROMPTS)
        assert all(map(same_logits, found, segmenter.segment(segmenter.embed(plane), PROMPTS)))


def remote_recipe(server, **more):
    names = dict.fromkeys(("tagger", "captioner", "detector", "segmenter", "seeker"), "embedded:regions")
    backends = {role: f"remote:{server.name(name)}" for role, name in names.items()}
    return Recipe(backends=backends, **more).with_vocabulary(WORDS)


@pytest.fixture
def agreed(server, monkeypatch):
    """A person who agreed to this server, in a program that has not asked it yet."""
    monkeypatch.setenv("ZEROSEG_SERVER_TOKEN", TOKEN)
    monkeypatch.setattr(PERSON, "ask", agreeing(words=False, images_to=[server.url]))
    yield
    forget_servers()
    registry.create.cache_clear()
    PERSON.withdraw()
    PERSON.ask = nobody_to_ask


@pytest.mark.parametrize("parameters", [{}, {"tile": 256, "tile_overlap": 64}])
def test_a_recipe_gives_the_same_label_images_with_models_of_a_server(server, agreed, parameters):
    image = (picture(4, 280)[:130, :, 0] * 255).astype(np.uint8)
    recipe = remote_recipe(server, parameters=parameters)
    found = segment(image, recipe=recipe)
    here = segment(image, recipe=Recipe(parameters=parameters).with_vocabulary(WORDS))
    assert len(here.instances) > 2
    for name in WORDS.names:
        assert np.array_equal(found.labels(name), here.labels(name))
    told = {b["role"]: b["name"] for b in found.record()["backends"]}
    assert told["segmenter"] == f"remote:{server.name('embedded:regions')}"
    assert TOKEN not in str(found.record())


def test_an_image_that_was_pushed_out_is_sent_again():
    first, second = picture(1), picture(2)
    with served(Limits(cache_bytes=1)) as running, running.client() as one:
        segmenter = remote.RemoteSegmenter(running.name("embedded:regions"), one)
        embedding = segmenter.embed(first)
        segmenter.embed(second)  # the newest alone is kept
        IN_MEMORY.clear()
        here = EmbeddedSegmenter()
        expected = here.segment(here.embed(first), PROMPTS)
        assert all(map(same_logits, segmenter.segment(embedding, PROMPTS), expected))


def test_a_model_that_follows_is_prompted_plane_by_plane(server):
    from napari_zeroseg.backends.prompted_tracker import PromptedTracker
    from napari_zeroseg.backends.tracking import tracker_of

    with server.client() as one:
        segmenter = remote.RemoteSegmenter(server.name("embedded:regions"), one)
        assert isinstance(tracker_of(segmenter), PromptedTracker)


def test_a_model_that_is_not_offered_is_refused_with_those_that_are(server):
    from napari_zeroseg.backends.remote.problems import RemoteError

    with server.client() as one:
        captioner = remote.RemoteCaptioner(server.name("blip2:opt-2.7b"), one)
        with pytest.raises(RemoteError, match=r"no captioner 'blip2:opt-2.7b'.*embedded:regions"):
            captioner.caption(picture(1))
        assert {offer.role for offer in one.about().offers} == set(Role)
