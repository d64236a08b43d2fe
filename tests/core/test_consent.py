from __future__ import annotations

import pytest

from napari_zeroseg.core.consent import Consent, Letter, NotConsentedError, TextKind, agree

LETTER = Letter(TextKind.SCENE, "api.example.org", "car, tree")


def test_by_default_nothing_may_be_sent():
    with pytest.raises(
        NotConsentedError, match=r"tags, caption and class names to api\.example\.org.*--yes-send"
    ):
        Consent().require(LETTER)


def test_a_yes_holds_for_the_kind_and_the_recipient():
    shown = []
    consent = Consent(lambda letter: shown.append(letter) is None)
    for letter in (LETTER, LETTER, Letter(TextKind.SCENE, "api.example.org", "other words")):
        consent.require(letter)
    assert shown == [LETTER]
    consent.require(Letter(TextKind.PHRASES, "api.example.org", ""))
    consent.require(Letter(TextKind.SCENE, "other.example.org", ""))
    assert len(shown) == 3
    assert (TextKind.PHRASES, "api.example.org") in consent.granted


def test_a_no_is_asked_again():
    answers = [False, True]
    consent = Consent(lambda _letter: answers.pop(0))
    with pytest.raises(NotConsentedError):
        consent.require(LETTER)
    consent.require(LETTER)
    assert answers == []


def test_a_yes_can_be_withdrawn():
    consent = Consent(agree)
    consent.require(LETTER)
    consent.withdraw()
    consent.ask = lambda _letter: False
    with pytest.raises(NotConsentedError):
        consent.require(LETTER)
