"""Who decides between words, what a person told them, and what they took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from psygnal import Signal
from pydantic import BaseModel, ConfigDict

from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.backends.roles import LanguageModelRefiner
from napari_zeroseg.core.errors import MissingBackendError, ZeroSegError
from napari_zeroseg.core.events import Billed, Event, LooksWritten, StageStarted
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.phrase_table import PhraseTable
from napari_zeroseg.core.suggestion import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_zeroseg.backends.llm.chat import Usage
    from napari_zeroseg.backends.roles import Refiner
    from napari_zeroseg.core.guidance import Example, Guidance
    from napari_zeroseg.core.recipe import Parameters, Recipe
    from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion
    from napari_zeroseg.core.vocabulary import Vocabulary

MAX_NOTE = 500
MAX_LISTS = 100
"""Lists of classes for which decisions are kept; of more, the ones used last."""
EMBEDDED = "embedded:book"


class ListDecisions(BaseModel):
    """What was decided last on the classes of one list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    classes: tuple[str, ...]
    decisions: dict[str, Decision]


class Decisions(BaseModel):
    """Decisions on classes, by the list that they are in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    lists: tuple[ListDecisions, ...] = ()


class Refining:
    """The recipe's refiner and guidance, and what was learned and decided per vocabulary.

    Vocabularies are told apart by the names of their classes.

    Parameters
    ----------
    recipe : Recipe
        The first one.
    """

    changed = Signal()
    """The refiner, the guidance, the phrase table or the bill."""
    decided = Signal()
    """What was decided on an image, as a default for the next."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._bill: tuple[str, ...] | None = None
        self._learned: dict[frozenset[str], PhraseTable] = {}
        self._decisions: dict[frozenset[str], dict[str, Decision]] = {}

    @property
    def recipe(self) -> Recipe:
        return self._recipe

    @property
    def name(self) -> str:
        """The refiner's name in the catalog."""
        return names_of(self._recipe)[Role.REFINER]

    @property
    def asks_a_model(self) -> bool:
        """Whether a language model decides what words leave open."""
        return not self.name.startswith(("embedded:", "remote:"))

    @property
    def note(self) -> str:
        """The person's hint for the refiner."""
        return self._recipe.guidance.note

    @property
    def bill(self) -> tuple[str, ...] | None:
        """What each language model took in the latest work, in words; None before any."""
        return self._bill

    def choose(self, name: str) -> None:
        """Take another refiner, by its name in the catalog.

        Raises
        ------
        MissingBackendError
            When there is none of that name.
        """
        find(Role.REFINER, name)
        self._bill = None
        self._set_recipe(backends=self._recipe.backends | {"refiner": name})

    def choose_models(self, profile: str, backends: Mapping[str, str]) -> None:
        """Take other models for the roles that look at the image; the refiner stays.

        Parameters
        ----------
        profile : str
            Gives the backend of each role that is not named.
        backends : mapping of str to str
            Names in the catalog by role.

        Raises
        ------
        MissingBackendError
            When there is no such profile, role or backend.
        """
        refiner = {Role.REFINER.value: self.name} if self.name != EMBEDDED else {}
        recipe = self._recipe.model_copy(update={"profile": profile, "backends": {**backends, **refiner}})
        for role, name in names_of(recipe).items():
            find(role, name)
        self._recipe = recipe
        self.changed.emit()

    def choose_method(self, method: Method) -> None:
        """Take another method; the models of the roles that it does not ask are kept for later."""
        self._set_recipe(method=method)

    def set_parameters(self, parameters: Parameters) -> None:
        """Take other thresholds."""
        self._set_recipe(parameters=parameters)

    def set_numbers(self, **numbers: Any) -> None:
        """Take other numbers for the chosen method, by their names."""
        part = _PARTS[self._recipe.method]
        self._set_recipe(**{part: getattr(self._recipe, part).model_copy(update=numbers)})

    def set_lmseg(self, **numbers: Any) -> None:
        """Take other numbers for the method ``lmseg``, by their names."""
        self._set_recipe(lmseg=self._recipe.lmseg.model_copy(update=numbers))

    def set_note(self, note: str) -> None:
        """Give the refiner a hint, at most ``MAX_NOTE`` characters of it."""
        self._set_guidance(note=note.strip()[:MAX_NOTE])

    def teach(self, example: Example) -> None:
        """Give the refiner an example."""
        self._set_recipe(guidance=self._recipe.guidance.taught(example))

    def forget_examples(self) -> None:
        """Take all examples away from the refiner."""
        self._set_guidance(examples=())

    def show_bill(self, lines: tuple[str, ...]) -> None:
        """Take what the language models took."""
        self._bill = lines
        self.changed.emit()

    def assume(self, recipe: Recipe, decisions: Mapping[str, Decision]) -> None:
        """Take a recipe, and what was decided before on images with its classes."""
        self._recipe = recipe
        self._decisions[_key(recipe.vocabulary)] = dict(decisions)
        self.changed.emit()

    # phrases

    def phrase_table(self, vocabulary: Vocabulary) -> PhraseTable:
        """Return what is decided on phrases: by machines for these classes, and by the person."""
        return self._machine_table(vocabulary).joined(self._recipe.guidance.phrases)

    def learn(self, vocabulary: Vocabulary, matches: Iterable[PhraseMatch]) -> None:
        """Remember how phrases were understood, unless the person has decided on them."""
        by_person = self._recipe.guidance.phrases
        new = [m for m in matches if m.phrase and by_person.find(m.phrase, vocabulary.names) is None]
        self._learned[_key(vocabulary)] = self._machine_table(vocabulary).learned(new)
        self.changed.emit()

    def decide_phrase(self, phrase: str, name: str | None) -> None:
        """Say which class a phrase means; None for no class."""
        self._set_guidance(phrases=self._recipe.guidance.phrases.decided(phrase, name))

    def lock_phrase(self, vocabulary: Vocabulary, phrase: str, *, locked: bool) -> None:
        """Keep machines from changing a decision, or let them."""
        table = self.phrase_table(vocabulary).with_lock(phrase, locked=locked)
        rows = PhraseTable(rows=tuple(row for row in table.rows if row.phrase == phrase))
        self._set_guidance(phrases=self._recipe.guidance.phrases.without(phrase).joined(rows))

    def forget_phrase(self, vocabulary: Vocabulary, phrase: str) -> None:
        """Drop the decision on a phrase."""
        self._learned[_key(vocabulary)] = self._machine_table(vocabulary).without(phrase)
        self._set_guidance(phrases=self._recipe.guidance.phrases.without(phrase))

    def take_phrases(self, table: PhraseTable) -> None:
        """Take decisions from a table; they win over those that are not locked."""
        self._set_guidance(phrases=self._recipe.guidance.phrases.joined(table))

    def _machine_table(self, vocabulary: Vocabulary) -> PhraseTable:
        return self._learned.get(_key(vocabulary), PhraseTable())

    # decisions on suggestions

    def remember_decisions(self, vocabulary: Vocabulary, suggestions: Iterable[Suggestion]) -> None:
        """Remember what was decided on an image, for the next one with the same classes."""
        known = self._decisions.pop(_key(vocabulary), {})
        known |= {s.name: s.decision for s in suggestions}
        if known:
            self._decisions[_key(vocabulary)] = known  # at the end: the list used last
            self.decided.emit()

    def defaults(self, vocabulary: Vocabulary) -> Mapping[str, Decision]:
        """Return what was decided last for each class, on images with the same classes."""
        return self._decisions.get(_key(vocabulary), {})

    @property
    def decisions(self) -> Decisions:
        """All that was decided, by list of classes; the list used last at the end."""
        lists = list(self._decisions.items())[-MAX_LISTS:]
        return Decisions(
            lists=tuple(ListDecisions(classes=tuple(sorted(key)), decisions=known) for key, known in lists)
        )

    def take_decisions(self, earlier: Decisions) -> None:
        """Take what was decided in an earlier session; what was decided in this one wins."""
        before = {frozenset(each.classes): dict(each.decisions) for each in earlier.lists}
        self._decisions = before | self._decisions

    def forget_decisions(self) -> None:
        """Drop all defaults for the next image."""
        self._decisions = {}
        self.decided.emit()

    def _set_guidance(self, **update: Any) -> None:
        guidance: Guidance = self._recipe.guidance.model_copy(update=update)
        self._set_recipe(guidance=guidance)

    def _set_recipe(self, **update: Any) -> None:
        self._recipe = self._recipe.model_copy(update=update)
        self.changed.emit()


_PARTS = {Method.GROUNDED: "parameters", Method.FREESEG_DIFF: "freeseg", Method.LMSEG: "lmseg"}


def numbers_of(recipe: Recipe) -> BaseModel:
    """Return the numbers of the method that a recipe names."""
    found: BaseModel = getattr(recipe, _PARTS[recipe.method])
    return found


def _key(vocabulary: Vocabulary) -> frozenset[str]:
    return frozenset(vocabulary.names)


def describe_looks(vocabulary: Vocabulary, refiner: Refiner) -> Iterator[Event]:
    """Have a language model write how classes look, where the user has not.

    Raises
    ------
    MissingBackendError
        When the refiner asks no language model.
    """
    if not isinstance(refiner, LanguageModelRefiner):
        raise MissingBackendError(
            "Only a language model can describe classes that are not known yet.",
            remedy="Choose one as the refiner, or type how the classes look.",
        )
    yield StageStarted("Asking how the classes look")
    yield LooksWritten(vocabulary, refiner.describe_all(vocabulary))


def billed(work: Iterator[Event], refiner: Refiner) -> Iterator[Event]:
    """Yield the events of some work, and at its end, also a bad one, what language models took for it."""
    before = _usage(refiner)
    try:
        yield from work
    except ZeroSegError:
        yield from _bill(refiner, before)
        raise
    yield from _bill(refiner, before)


def _usage(refiner: Refiner) -> dict[str, Usage]:
    return {s.model: s.usage for s in refiner.spent} if isinstance(refiner, LanguageModelRefiner) else {}


def _bill(refiner: Refiner, before: Mapping[str, Usage]) -> Iterator[Billed]:
    if isinstance(refiner, LanguageModelRefiner):
        taken = (s.since(before.get(s.model)) for s in refiner.spent)
        yield Billed(tuple(str(s) for s in taken if s.usage.calls))
