"""The JSON schemas of the project's own documents, as they are published in ``docs/schemas``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.record import Record
from napari_zeroseg.evaluation.document import Evaluation

if TYPE_CHECKING:
    from pydantic import BaseModel

Kind = Literal["recipe", "record", "evaluation"]
KINDS: dict[Kind, type[BaseModel]] = {"recipe": Recipe, "record": Record, "evaluation": Evaluation}


def schema(kind: Kind) -> str:
    """Return a schema (JSON Schema, draft 2020-12) as text."""
    document = KINDS[kind].model_json_schema(mode="validation")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(head | document, ensure_ascii=False, indent=2) + "\n"
