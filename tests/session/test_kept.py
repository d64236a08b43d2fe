"""What outlives the program."""

from __future__ import annotations

import json

import pytest

from napari_zeroseg.core.consent import Consent, Letter, NotConsentedError, TextKind, agree
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.suggestion import Decision
from napari_zeroseg.session.kept import AgreementFile, DecisionKeeper
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares

LETTER = Letter(TextKind.PHRASES, "example.org", "the secret phrase")


def at_once(work, on_done, on_problem):
    try:
        result = work()
    except ZeroSegError as problem:
        on_problem(problem)
    else:
        on_done(result)


def session_of_today(path):
    session = Session(backends=fake_backends)
    return session, DecisionKeeper(session, at_once, path)


def decided(session):
    session.open(source())
    session.add_classes("bright, grey")
    session.suggest()
    return {s.name: (s.decision, s.carried) for s in session.state.suggestions}


def test_an_agreement_holds_in_the_next_session_too():
    today = Consent(agree)
    today.kept_by(AgreementFile())
    today.require(LETTER)
    tomorrow = Consent()
    tomorrow.kept_by(AgreementFile())
    tomorrow.require(LETTER)
    other_kind = Letter(TextKind.LOOKS, "example.org", "x")
    other_recipient = Letter(TextKind.PHRASES, "example.com", "x")
    for letter in (other_kind, other_recipient):
        with pytest.raises(NotConsentedError):
            tomorrow.require(letter)


def test_kind_recipient_and_time_are_kept_and_never_the_text():
    consent = Consent(agree)
    consent.kept_by(AgreementFile())
    consent.require(LETTER)
    (row,) = json.loads(AgreementFile().path.read_text())["agreements"]
    assert set(row) == {"kind", "recipient", "when"}
    assert "secret" not in AgreementFile().path.read_text()


def test_what_is_withdrawn_is_asked_again_in_the_next_session():
    consent = Consent(agree)
    consent.kept_by(AgreementFile())
    consent.require(LETTER)
    consent.withdraw()
    assert AgreementFile().read() == frozenset()


def test_without_a_keeper_nothing_is_written():
    consent = Consent(agree)
    consent.require(LETTER)
    consent.kept_by(None)
    assert not AgreementFile().path.exists()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"agreements": [{"kind": "everything", "recipient": "x"}]}', '{"version": 2}', "\x00"]
)
def test_a_file_that_cannot_be_read_agrees_to_nothing(text, tmp_path, caplog):
    file = AgreementFile(tmp_path / "consents.json")
    file.path.write_text(text)
    assert file.read() == frozenset()
    assert "asked for again" in caplog.text


def test_a_folder_that_cannot_be_written_leaves_the_agreement_for_now(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    consent = Consent(agree)
    consent.kept_by(AgreementFile(tmp_path / "file" / "consents.json"))
    consent.require(LETTER)
    assert len(consent.granted) == 1
    assert "until the program ends" in caplog.text


def test_decisions_are_defaults_in_the_next_session(tmp_path):
    session, keeper = session_of_today(tmp_path / "decisions.json")
    decided(session)
    session.accept("bright")
    session.reject("grey")
    keeper.close()
    keeper.close()
    session, keeper = session_of_today(tmp_path / "decisions.json")
    assert decided(session) == {"bright": (Decision.ACCEPTED, True), "grey": (Decision.REJECTED, True)}
    session.refining.forget_decisions()
    session, _ = session_of_today(tmp_path / "decisions.json")
    assert not session.refining.decisions.lists


def test_another_image_keeps_the_decisions_at_once(tmp_path):
    session, _ = session_of_today(tmp_path / "decisions.json")
    decided(session)
    session.accept("bright")
    session.open(source(squares(), "second"))
    (kept,) = json.loads((tmp_path / "decisions.json").read_text())["lists"]
    assert kept["decisions"] == {"bright": "accepted", "grey": "pending"}


def test_decisions_that_cannot_be_read_are_no_defaults(tmp_path, caplog):
    path = tmp_path / "decisions.json"
    path.write_text("{")
    session, _ = session_of_today(path)
    assert "not kept" in caplog.text
    assert decided(session)["bright"] == (Decision.PENDING, False)
