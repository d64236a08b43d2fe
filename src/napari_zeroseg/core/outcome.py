"""What one of several methods made of an image, and how the methods compare."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.compose import semantic_labels

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a method found on a plane, and what that took.

    Parameters
    ----------
    name : str
        The method and its models, for a person.
    instances : tuple of Instance
        What it found.
    seconds : float
        Wall time, with the loading of models where they were not loaded yet.
    memory : int
        Bytes of main memory that the run took at its peak above those before it.
    ious : mapping of str to float
        Intersection over union with the masks that a person answers for, by class; only classes
        of which there are any.
    problem : str
        Why there is no result; empty when all went well.
    """

    name: str
    instances: tuple[Instance, ...] = ()
    seconds: float = 0.0
    memory: int = 0
    ious: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""

    @property
    def mean_iou(self) -> float | None:
        """Mean over the classes; None where a person answers for nothing yet."""
        return float(np.mean(list(self.ious.values()))) if self.ious else None


def class_ious(
    found: Iterable[Instance], truth: Sequence[Instance], vocabulary: Vocabulary, shape: tuple[int, int]
) -> dict[str, float]:
    """Return the intersection over union of each class of which the truth has instances.

    Parameters
    ----------
    found, truth : sequence of Instance
        On one plane.
    vocabulary : Vocabulary
        Says which classes there are.
    shape : tuple of int
        (H, W) of the plane in pixels.
    """
    named = {instance.name for instance in truth}
    a, b = (semantic_labels(some, vocabulary, shape) for some in (found, truth))
    ious = {}
    for name in (n for n in vocabulary.names if n in named):
        own, true = (labels == vocabulary.id_of(name) for labels in (a, b))
        ious[name] = float(np.count_nonzero(own & true) / np.count_nonzero(own | true))
    return ious


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the outcomes as comma-separated values (RFC 4180), one row each."""
    classes = list(dict.fromkeys(name for outcome in outcomes for name in outcome.ious))
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(
        ("method", "objects", "seconds", "memory_mb", "mean_iou", *(f"iou {c}" for c in classes), "problem")
    )
    for o in outcomes:
        mean = "" if o.mean_iou is None else f"{o.mean_iou:.4f}"
        each = (f"{o.ious[c]:.4f}" if c in o.ious else "" for c in classes)
        rows.writerow(
            (
                o.name,
                len(o.instances),
                f"{o.seconds:.3f}",
                f"{o.memory / 1e6:.1f}",
                mean,
                *each,
                o.problem,
            )
        )
    return text.getvalue()
