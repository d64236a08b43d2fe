"""YAML files of the package, in which a comma parts the words of a list."""

from __future__ import annotations

from importlib import resources
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator


def _split(value: object) -> object:
    """Cut a text at its commas; anything else is left for pydantic to judge."""
    if not isinstance(value, str):
        return value
    return tuple(word for part in value.split(",") if (word := part.strip()))


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Strings, written in YAML as one text with commas between."""


def read_yaml(name: str) -> Any:
    """Return what a YAML file beside this module holds."""
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    # the parser in C is some ten times faster, and not built everywhere
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
