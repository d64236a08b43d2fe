"""What was found and what made it, as a JSON-able document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.core.instance import InstanceState, Provenance
from napari_zeroseg.core.mask import Box
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.script import NOTES, Note
from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion, Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.script import AnyNote
    from napari_zeroseg.core.volume import Grid

KIND: Final = "napari-zeroseg record"
"""Value of ``kind``, by which a record is told from other JSON files."""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")


class RecordedImage(_Document):
    """The image; of a stack or of known pixel size with its axes, planes, scale and units."""

    name: str
    height: int
    width: int
    axes: str = ""
    depth: tuple[int, ...] = ()
    planes: tuple[tuple[int, ...], ...] = ()
    scale: dict[str, float] = Field(default_factory=dict)
    units: dict[str, str] = Field(default_factory=dict)


class RecordedFile(_Document):
    """A file of weights; ``sha256`` is empty where it is not known."""

    name: str
    sha256: str = ""


class RecordedBackend(_Document):
    """A model that took part.

    Attributes
    ----------
    role, name : str
        As in the catalog.
    repository, revision : str
        Where its weights come from; empty where it has none. The revision is the commit where the
        server told it.
    files : tuple of RecordedFile
        What was loaded.
    """

    role: str
    name: str
    repository: str = ""
    revision: str = ""
    files: tuple[RecordedFile, ...] = ()


class RecordedInstance(_Document):
    """Everything about an instance but its pixels, which are in the label image of its class."""

    model_config = ConfigDict(populate_by_name=True)

    name: Annotated[str, Field(alias="class")]
    id: int
    score: float
    state: InstanceState
    area_px: int
    box: Box
    plane: tuple[int, ...] = ()
    provenance: Provenance


class Record(_Document):
    """Everything that made a result, and what it is.

    Attributes
    ----------
    kind : str
        Tells a record from other JSON files.
    image : RecordedImage
        What was looked at.
    recipe : Recipe
        Method, backends, parameters with seeds, classes, phrase table, and how channels were shown.
    backends : tuple of RecordedBackend
        The models, with revisions and checksums.
    versions : dict of str to str
        Of Python and the libraries.
    tags, caption, suggestions, phrases
        What the recognisers said, what the refiner and the person made of it.
    instances : tuple of RecordedInstance
        Each with what made it: words, boxes, points, models, persons.
    script : tuple of Note
        What a person did, and when; empty for what no person has touched.
    files : dict
        Names of the files that were written with it.
    """

    kind: Literal["napari-zeroseg record"] = KIND
    image: RecordedImage
    recipe: Recipe
    backends: tuple[RecordedBackend, ...] = ()
    versions: dict[str, str]
    tags: tuple[Tag, ...] = ()
    caption: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    phrases: tuple[PhraseMatch, ...] = ()
    instances: tuple[RecordedInstance, ...] = ()
    script: tuple[Note, ...] = ()
    files: dict[str, Any] = Field(default_factory=dict)


def make_record(
    *,
    image: str,
    shape: tuple[int, int],
    recipe: Recipe,
    versions: dict[str, str],
    tags: Iterable[Tag],
    caption: str,
    suggestions: Iterable[Suggestion],
    phrases: Iterable[PhraseMatch],
    instances: Iterable[Instance],
    grid: Grid | None = None,
    backends: Iterable[RecordedBackend] = (),
    notes: Sequence[AnyNote] = (),
) -> dict[str, Any]:
    """Return the record of one image; masks are named by class and id, not stored."""
    return {
        "image": {"name": image, "height": shape[0], "width": shape[1], **_placed(grid)},
        "recipe": recipe.shareable().model_dump(mode="json"),
        "backends": [b.model_dump(mode="json") for b in backends],
        "versions": versions,
        "tags": [asdict(t) for t in tags],
        "caption": caption,
        "suggestions": [{**asdict(s), "decision": str(s.decision)} for s in suggestions],
        "phrases": [asdict(p) for p in phrases],
        "instances": [instance_entry(i) for i in instances],
        "script": NOTES.dump_python(tuple(notes), mode="json"),
    }


def _placed(grid: Grid | None) -> dict[str, Any]:
    """Return what an image of more than one plane, or of known size, has beside its name."""
    if grid is None or (grid.planes == ((),) and not grid.scale):
        return {}
    return {
        "axes": grid.axes,
        "depth": list(grid.depth),
        "planes": [list(plane) for plane in grid.planes],
        "scale": dict(grid.scale),
        "units": dict(grid.units),
    }


def instance_entry(instance: Instance) -> dict[str, Any]:
    """Return everything about an instance but its pixels."""
    return {
        "class": instance.name,
        "id": instance.id,
        "score": round(instance.score, 4),
        "state": str(instance.state),
        "area_px": instance.mask.area,
        "box": list(instance.mask.box),
        "plane": list(instance.plane),
        "provenance": asdict(instance.provenance),
    }
