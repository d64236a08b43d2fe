"""A refiner that asks a language model about what names, synonyms and embeddings leave open."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.backends.llm.answers import Scene, Verdict, read_looks, read_phrases, read_scene
from napari_zeroseg.backends.llm.chat import Chat, Question, Usage, ask
from napari_zeroseg.backends.llm.prices import Spending, spending
from napari_zeroseg.backends.llm.prompts import look_question, phrase_question, scene_question
from napari_zeroseg.core.consent import PERSON, Consent, Letter, TextKind
from napari_zeroseg.core.guidance import Guidance
from napari_zeroseg.core.phrase_table import PhraseTable
from napari_zeroseg.core.suggestion import Idea, PhraseMatch, Suggestion, Tag
from napari_zeroseg.core.text import normalized

if TYPE_CHECKING:
    from napari_zeroseg.backends.roles import Refiner
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

KEPT_SCENES = 256
CERTAIN = 0.5
"""A class that is named or meant by a synonym with this confidence needs no language model."""
LEFT_OUT = 0.2
"""Highest confidence of a class that the language model does not see."""


@dataclass
class _Memory:
    """What the models said so far, and what it took; shared by all guided copies of a refiner."""

    scenes: OrderedDict[str, Scene] = field(default_factory=OrderedDict)
    phrases: dict[frozenset[str], PhraseTable] = field(default_factory=dict)
    usage: dict[str, Usage] = field(default_factory=dict)

    def remember_scene(self, key: str, scene: Scene) -> None:
        self.scenes[key] = scene
        while len(self.scenes) > KEPT_SCENES:
            self.scenes.popitem(last=False)


class LlmRefiner:
    """At most two requests per image, none where nothing is new.

    Parameters
    ----------
    scenes : Chat
        The strong model: which classes are present, and how they look.
    phrases : Chat
        The cheap one: which class a phrase means.
    server : str
        The name under which prices are listed.
    words : Refiner, optional
        Is asked first, and decides what needs no language model; the embedded one by default.
    consent : Consent, optional
        Is asked before any text leaves the process.
    guidance : Guidance, optional
        Examples, a note and decisions on phrases.
    """

    def __init__(
        self,
        scenes: Chat,
        phrases: Chat,
        *,
        server: str = "",
        words: Refiner | None = None,
        consent: Consent = PERSON,
        guidance: Guidance | None = None,
    ) -> None:
        self._scenes = scenes
        self._phrases = phrases
        self._server = server
        self._words = words or EmbeddedRefiner()
        self._consent = consent
        self._guidance = guidance or Guidance()
        self._memory = _Memory()

    def guided(self, guidance: Guidance) -> LlmRefiner:
        """Return a refiner that heeds a person's guidance and shares all that was learned so far."""
        copy = LlmRefiner(
            self._scenes,
            self._phrases,
            server=self._server,
            words=self._words,
            consent=self._consent,
            guidance=guidance,
        )
        copy._memory = self._memory
        return copy

    @property
    def note(self) -> str:
        """What a person should know about how words are compared."""
        return str(getattr(self._words, "note", ""))

    @property
    def spent(self) -> tuple[Spending, ...]:
        """What each model took since the program started."""
        return tuple(spending(self._server, model, usage) for model, usage in self._memory.usage.items())

    def phrase_table(self, vocabulary: Vocabulary) -> PhraseTable:
        """Return all decisions on phrases for a vocabulary, the person's included."""
        return self._learned(vocabulary).joined(self._guidance.phrases)

    # pre-refinement

    def suggest(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> list[Suggestion]:
        """Return one suggestion per class, in the vocabulary's order.

        Classes that a tag or the caption names stay, as in the paper; the language model decides on
        the others.
        """
        known = self._words.suggest(tags, caption, vocabulary)
        if not vocabulary or not _worth_asking(known, tags, caption):
            return known
        verdicts = self._scene(tags, caption, vocabulary).verdicts
        return [_decided(s, verdicts.get(s.name)) for s in known]

    def ideas(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> tuple[Idea, ...]:
        """Return classes that the vocabulary may lack; answered from what :meth:`suggest` heard."""
        scene = self._memory.scenes.get(self._scene_question(tags, caption, vocabulary).text)
        return scene.ideas if scene else ()

    def _scene(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> Scene:
        question = self._scene_question(tags, caption, vocabulary)
        if question.text not in self._memory.scenes:
            guided = self._guidance.examples or self._guidance.note
            kind = TextKind.SCENE_WITH_EXAMPLES if guided else TextKind.SCENE
            self._require_consent(kind, self._scenes, question)
            scene = ask(
                self._scenes,
                question,
                lambda text: read_scene(text, vocabulary, tags, caption),
                lambda usage: self._spend(self._scenes, usage),
            )
            self._memory.remember_scene(question.text, scene)
        return self._memory.scenes[question.text]

    def _scene_question(self, tags: Sequence[Tag], caption: str, vocabulary: Vocabulary) -> Question:
        return scene_question(tags, caption, vocabulary, self._guidance)

    # post-refinement

    def match(self, phrases: Sequence[str], vocabulary: Vocabulary) -> list[PhraseMatch]:
        """Return the class that each phrase means: the person's word first, then what is known.

        All that is left goes to the language model in one request.
        """
        decided = self._looked_up(phrases, vocabulary)
        open_phrases = [p for p in phrases if p not in decided]
        if open_phrases:
            known = {m.phrase: m for m in self._words.match(open_phrases, vocabulary)}
            decided |= known
            unknown = [p for p, m in known.items() if m.name is None and normalized(p)]
            if unknown and vocabulary:
                decided |= self._asked(unknown, vocabulary)
            self._learn(vocabulary, [decided[p] for p in known if normalized(p)])
        return [decided[p] for p in phrases]

    def _looked_up(self, phrases: Sequence[str], vocabulary: Vocabulary) -> dict[str, PhraseMatch]:
        names, by_person, learned = vocabulary.names, self._guidance.phrases, self._learned(vocabulary)
        rows = ((p, by_person.find(p, names) or learned.find(p, names)) for p in phrases)
        return {phrase: match for phrase, match in rows if match is not None}

    def _asked(self, phrases: Sequence[str], vocabulary: Vocabulary) -> dict[str, PhraseMatch]:
        question = phrase_question(phrases, vocabulary)
        self._require_consent(TextKind.PHRASES, self._phrases, question)
        verdicts = ask(
            self._phrases,
            question,
            lambda text: read_phrases(text, phrases, vocabulary.names),
            lambda usage: self._spend(self._phrases, usage),
        )
        return {p: PhraseMatch(p, v.name, "llm", v.confidence) for p, v in verdicts.items()}

    def _learned(self, vocabulary: Vocabulary) -> PhraseTable:
        return self._memory.phrases.get(frozenset(vocabulary.names), PhraseTable())

    def _learn(self, vocabulary: Vocabulary, matches: Sequence[PhraseMatch]) -> None:
        table = self._learned(vocabulary).learned(matches)
        self._memory.phrases[frozenset(vocabulary.names)] = table

    def forget(self, phrase: str, vocabulary: Vocabulary) -> None:
        """Drop what was learned of a phrase for a vocabulary; the person's own decisions stay."""
        self._memory.phrases[frozenset(vocabulary.names)] = self._learned(vocabulary).without(phrase)

    # attribute refinement

    def describe(self, target: TargetClass) -> TargetClass:
        """Return the class with what is known of its look without asking anyone."""
        return self._words.describe(target)

    def describe_all(self, vocabulary: Vocabulary) -> Vocabulary:
        """Return the vocabulary with empty attributes written by the language model, in one request.

        This is an action of its own: the answer is text that a person sees and edits before a method
        uses it.
        """
        question = look_question(vocabulary.required())
        self._require_consent(TextKind.LOOKS, self._scenes, question)
        looks = ask(
            self._scenes,
            question,
            lambda text: read_looks(text, vocabulary.names),
            lambda usage: self._spend(self._scenes, usage),
        )
        described = (
            replace(c, attributes=c.attributes.or_else(looks[c.name])) if c.name in looks else c
            for c in vocabulary
        )
        return replace(vocabulary, classes=tuple(described))

    def _require_consent(self, kind: TextKind, chat: Chat, question: Question) -> None:
        if chat.recipient:
            self._consent.require(Letter(kind, chat.recipient, question.text))

    def _spend(self, chat: Chat, usage: Usage) -> None:
        self._memory.usage[chat.model] = self._memory.usage.get(chat.model, Usage()) + usage


def _worth_asking(known: Sequence[Suggestion], tags: Sequence[Tag], caption: str) -> bool:
    has_words = any(normalized(t.text) for t in tags) or bool(normalized(caption))
    return has_words and not all(_is_certain(s) for s in known)


def _is_certain(suggestion: Suggestion) -> bool:
    return suggestion.source in {"name", "synonym"} and suggestion.confidence >= CERTAIN


def _decided(known: Suggestion, verdict: Verdict | None) -> Suggestion:
    if _is_certain(known):
        return known
    if verdict is None:
        reason = f"The language model left it out. {known.reason}".strip()
        return replace(known, confidence=min(known.confidence, LEFT_OUT), reason=reason)
    confidence = verdict.confidence if verdict.present else min(1 - verdict.confidence, LEFT_OUT)
    return Suggestion(
        known.name,
        round(confidence, 3),
        verdict.reason or "The language model gave no reason.",
        verdict.evidence,
        "llm",
        implied=verdict.implied,
    )
