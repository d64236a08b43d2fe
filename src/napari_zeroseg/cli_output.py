"""What the commands say."""

from __future__ import annotations


def say(text: str) -> None:
    """Write lines to the standard output at once, so that they come in order through a pipe too."""
    print(text, flush=True)  # noqa: T201
