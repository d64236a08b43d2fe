"""The catalog as a person sees it: one model for each name, with its roles, needs and state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_zeroseg.backends import memory
from napari_zeroseg.backends.catalog import ENTRIES, profile
from napari_zeroseg.backends.weights.store import status
from napari_zeroseg.core.errors import MissingBackendError

if TYPE_CHECKING:
    from napari_zeroseg.backends.entry import Entry, Role, Weights
    from napari_zeroseg.backends.weights.store import Status


@dataclass(frozen=True, slots=True)
class Model:
    """All that the catalog says under one name.

    Parameters
    ----------
    name : str
        Of the backend.
    entries : tuple of Entry
        One for each role; they share their weights.
    """

    name: str
    entries: tuple[Entry, ...]

    @property
    def roles(self) -> tuple[Role, ...]:
        return tuple(entry.role for entry in self.entries)

    @property
    def summary(self) -> str:
        return self.entries[0].summary

    @property
    def licence(self) -> str:
        return self.entries[0].licence

    @property
    def weights(self) -> Weights | None:
        """What it loads; None where nothing is downloaded."""
        return self.entries[0].weights

    @property
    def memory(self) -> int:
        """Bytes that it takes when it is loaded, about."""
        return max(entry.memory for entry in self.entries)

    @property
    def packages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(p for entry in self.entries for p in entry.packages))

    @property
    def status(self) -> Status | None:
        """Where its files are; None where there are none."""
        return None if self.weights is None else status(self.name, self.weights)

    @property
    def too_large(self) -> str:
        """Why it cannot be loaded on this machine, however empty; an empty text if it can."""
        largest = memory.total("cpu")
        if self.memory > largest:  # only then: to ask for accelerators, torch is imported
            largest = max(largest, memory.total_of_accelerator())
        if self.memory <= largest:
            return ""
        return (
            f"'{self.name}' takes about {self.memory / 1e9:.1f} GB of memory, and this machine "
            f"has {largest / 1e9:.1f} GB."
        )


def models() -> tuple[Model, ...]:
    """Return all models, in the catalog's order; the user names the variant of those with ``*``."""
    grouped: dict[str, list[Entry]] = {}
    for entry in ENTRIES:
        grouped.setdefault(entry.name, []).append(entry)
    return tuple(Model(name, tuple(entries)) for name, entries in grouped.items())


def model(name: str) -> Model:
    """Return the model of a name, or raise MissingBackendError that lists those there are."""
    for found in models():
        if found.entries[0].answers_to(name):
            return Model(name, found.entries)
    known = ", ".join(found.name for found in models())
    raise MissingBackendError(f"There is no model '{name}'.", remedy=f"Choose one of: {known}.")


def models_of(profile_name: str) -> tuple[Model, ...]:
    """Return the models of a profile, each once, or raise MissingBackendError."""
    return tuple(model(name) for name in dict.fromkeys(profile(profile_name).values()))


def sharing(one: Model) -> tuple[Model, ...]:
    """Return the models that load the same files, the one itself among them."""
    return tuple(m for m in models() if m.weights == one.weights) if one.weights else (one,)
