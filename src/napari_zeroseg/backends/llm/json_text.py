"""Finds the JSON object in what a chat model wrote around it, cut off or slightly broken."""

from __future__ import annotations

import re
from typing import Any

import pydantic_core

from napari_zeroseg.backends.llm.problems import BadAnswerError

MAX_LENGTH = 200_000
MAX_STARTS = 20

_THOUGHT = re.compile(r"^.*</think>", re.DOTALL)
_LATE_COMMA = re.compile(r",(\s*[}\]])")


def json_object(text: str) -> dict[str, Any]:
    """Return the first JSON object in a text.

    Thoughts before it, fences around it, words after it, a comma too many and a missing end are
    forgiven.

    Raises
    ------
    BadAnswerError
        When there is none.
    """
    if len(text) > MAX_LENGTH:
        raise BadAnswerError("The language model's answer is too long to be one.")
    answer = _THOUGHT.sub("", text)
    starts = [m.start() for _, m in zip(range(MAX_STARTS), re.finditer("{", answer), strict=False)]
    for start in starts:
        candidate = answer[start : _end(answer, start)]
        for attempt in (candidate, _LATE_COMMA.sub(r"\1", candidate)):
            found = _parsed(attempt)
            if found:
                return found
    raise BadAnswerError("The language model's answer holds no JSON object.")


def _end(text: str, start: int) -> int:
    """Return the position after the brace that closes the one at ``start``, or the end of the text."""
    depth, quoted = 0, False
    for token in re.finditer(r'\\.|["{}]', text[start:]):
        if token[0] == '"':
            quoted = not quoted
        elif not quoted and token[0] in "{}":
            depth += 1 if token[0] == "{" else -1
            if depth == 0:
                return start + token.end()
    return len(text)


def _parsed(text: str) -> dict[str, Any] | None:
    # half a surrogate pair has no place in UTF-8
    data = text.encode("utf-8", "replace")
    try:
        found = pydantic_core.from_json(data, allow_partial="trailing-strings", allow_inf_nan=False)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
