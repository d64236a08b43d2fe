"""Who owns a pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_zeroseg.core.compose import BLOCK, Claims, Erasure, instance_labels, semantic_labels
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

SHAPE = (20, 20)
VOCABULARY = Vocabulary.parse("cell, nucleus")


def rectangle(top: int, left: int, bottom: int, right: int) -> Mask:
    return Mask((top, left), np.ones((bottom - top, right - left), bool))


def instance(mask: Mask, name: str = "cell", score: float = 0.5, number: int = 1) -> Instance:
    return Instance(number, name, mask, score)


def locked(mask: Mask, name: str = "cell", number: int = 1) -> Instance:
    return replace(instance(mask, name, 0.1, number), state=InstanceState.ACCEPTED)


def test_a_proposal_takes_no_pixel_of_a_locked_instance() -> None:
    claims = Claims(VOCABULARY, [locked(rectangle(0, 0, 10, 10))])
    granted = claims.claim(instance(rectangle(5, 5, 15, 15), "nucleus"))
    assert granted is not None
    assert granted.mask.area == 100 - 25
    assert not granted.mask.overlap(rectangle(0, 0, 10, 10))


def test_the_same_object_again_is_dropped() -> None:
    claims = Claims(VOCABULARY, [locked(rectangle(0, 0, 10, 10))])
    assert claims.claim(instance(rectangle(0, 0, 11, 10))) is None


def test_what_came_first_keeps_its_pixels_and_ids_go_on() -> None:
    claims = Claims(VOCABULARY, [locked(rectangle(18, 18, 20, 20), number=7)])
    first = claims.claim(instance(rectangle(0, 0, 10, 10)))
    second = claims.claim(instance(rectangle(0, 8, 10, 18)))
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == (8, 9)
    assert second.mask.area == 80
    assert claims.claim(instance(rectangle(0, 0, 2, 2), "nucleus")) is None


def test_classes_that_may_overlap_share_pixels() -> None:
    vocabulary = Vocabulary((TargetClass("cell", may_overlap=("nucleus",)), TargetClass("nucleus")))
    claims = Claims(vocabulary)
    claims.claim(instance(rectangle(0, 0, 10, 10)))
    granted = claims.claim(instance(rectangle(2, 2, 6, 6), "nucleus"))
    assert granted is not None
    assert granted.mask.area == 16


def test_what_a_person_erased_does_not_come_back_in_that_class() -> None:
    claims = Claims(VOCABULARY, erased=[Erasure("cell", rectangle(0, 0, 10, 10))])
    assert claims.claim(instance(rectangle(0, 0, 10, 12))) is None
    assert claims.claim(instance(rectangle(0, 0, 10, 12), "nucleus")) is not None


def test_label_images_put_people_before_machines_and_high_scores_before_low() -> None:
    low = instance(rectangle(0, 0, 4, 4), score=0.2)
    high = instance(rectangle(2, 2, 6, 6), score=0.9, number=2)
    assert instance_labels([high, low], "cell", SHAPE)[3, 3] == 2
    person = locked(rectangle(3, 3, 4, 4), "nucleus")
    semantic = semantic_labels([person, high, low], VOCABULARY, SHAPE)
    assert (semantic[3, 3], semantic[2, 2], semantic[0, 0], semantic[19, 19]) == (2, 1, 1, 0)
    assert semantic.dtype == np.uint8


def test_claims_hold_across_blocks_of_a_large_plane() -> None:
    far = BLOCK * 1000
    claims = Claims(VOCABULARY, [locked(rectangle(far - 5, far - 5, far + 5, far + 5))])
    granted = claims.claim(instance(rectangle(far - 5, far - 5, far + 5, far + 20)))
    assert granted is not None
    assert granted.mask.box == (far + 5, far - 5, far + 20, far + 5)


def test_claims_can_share_their_ids() -> None:
    ids: dict[str, int] = {}
    first = Claims(VOCABULARY, next_ids=ids).claim(instance(rectangle(0, 0, 5, 5)))
    second = Claims(VOCABULARY, next_ids=ids).claim(instance(rectangle(0, 0, 5, 5)))
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == (1, 2)
