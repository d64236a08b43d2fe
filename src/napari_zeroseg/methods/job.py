"""What a run looks for, and with what: the same for every method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_zeroseg.backends.registry import Backends
    from napari_zeroseg.core.instance import Provenance
    from napari_zeroseg.core.recipe import Parameters, Recipe
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary


@dataclass(frozen=True)
class Job:
    """What is looked for, and with what.

    Parameters
    ----------
    vocabulary : Vocabulary
        All target classes.
    accepted : sequence of str
        Names of the classes to look for.
    backends : Backends
        The roles that the method asks.
    recipe : Recipe
        Thresholds and all other numbers.
    provenance : Provenance
        What all instances of this run have in common.
    """

    vocabulary: Vocabulary
    accepted: Sequence[str]
    backends: Backends
    recipe: Recipe
    provenance: Provenance

    @property
    def parameters(self) -> Parameters:
        """What all methods share, and the numbers of ``grounded``."""
        return self.recipe.parameters

    @property
    def wanted(self) -> list[TargetClass]:
        """The classes to look for."""
        return [self.vocabulary[name] for name in self.accepted]
