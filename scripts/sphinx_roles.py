"""Lets the pages of the API show names in docstrings as code: mkdocs knows no roles of Sphinx."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r":\w+:`~?([^`]+)`")


class SphinxRoles(Extension):
    """Rewrites ``:func:`~package.name``` in docstrings as code."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)
