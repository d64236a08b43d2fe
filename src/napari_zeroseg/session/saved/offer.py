"""Earlier work that was found, in the words in which it is offered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from napari_zeroseg.core.suggestion import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.session.saved.document import ImageSpec
    from napari_zeroseg.session.saved.store import Saved
    from napari_zeroseg.session.state import State

MOST_CLASSES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """Saved work of the image, to be taken up or left.

    Parameters
    ----------
    saved : Saved
        The work.
    path : Path
        The file in which it is.
    image : ImageSpec
        The image as it is now.
    """

    saved: Saved
    path: Path
    image: ImageSpec

    def text(self, now: datetime | None = None) -> str:
        """Return what is there, since when, and what is to be known before it is taken."""
        age = ago((now or datetime.now(UTC)) - self.saved.when)
        sentences = [f"Work from {age} is there: {held(self.saved.timeline.present)}."]
        if self.saved.image.fingerprint != self.image.fingerprint:
            sentences.append("The image has changed since then: the masks may not fit it any more.")
        if self.saved.lost:
            sentences.append(self.saved.lost)
        return " ".join(sentences)


def held(state: State) -> str:
    """Return what a state holds of a person's work: "12 nucleus accepted, 3 masks proposed"."""
    locked = Counter(i.name for i in state.instances if i.locked)
    parts = [f"{count} {name} accepted" for name, count in locked.most_common(MOST_CLASSES)]
    others = sum(locked.values()) - sum(count for _, count in locked.most_common(MOST_CLASSES))
    proposed = sum(not i.locked for i in state.instances)
    decided = sum(s.decision is not Decision.PENDING for s in state.suggestions)
    for count, what in (
        (others, "of other classes accepted"),
        (proposed, "proposed"),
        (decided, "decision" if decided == 1 else "decisions"),
        (int(state.draft is not None), "object being drawn"),
    ):
        if count:
            parts.append(f"{count} {what}")
    return ", ".join(parts) or f"the classes {', '.join(state.vocabulary.names) or 'that you removed'}"


def ago(age: timedelta) -> str:
    """Return an age in words: "3 minutes ago"."""
    seconds = max(0, int(age.total_seconds()))
    for length, word in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= length:
            count = seconds // length
            return f"{count} {word}{'s' * (count > 1)} ago"
    return "just now"
