"""QuPath's GeoJSON: annotations with their classes, as it imports and exports them.

Source: "Exporting annotations" of https://qupath.readthedocs.io, RFC 7946, and QuPath's type adapters for
GeoJSON. Coordinates are pixels of the full-resolution image.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import NAMESPACE_URL, uuid5

import numpy as np
from pydantic import BaseModel, Field, RootModel

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.instance import InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.volume import ONE_PLANE
from napari_zeroseg.export.colors import hex_color, rgb
from napari_zeroseg.export.format import NO_EMPTY, NO_SCALE, Format
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.json_files import read_json, write_json
from napari_zeroseg.export.planes import grid_around, places_of, plane_at
from napari_zeroseg.export.polygons import NOTHING, filled, polygons_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.export.polygons import Polygon

UNCLASSIFIED = "Unclassified"
"""As QuPath shows objects without a class."""
ID, STATE, SCORE = "ZeroSeg id", "ZeroSeg state", "Score"


def write_qupath(path: Path, annotations: Annotations) -> None:
    """Write every instance as an annotation; those that a person answers for are locked.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    features = [_feature(annotations, instance) for instance in annotations.instances]
    write_json(path, {"type": "FeatureCollection", "features": features})


def _feature(annotations: Annotations, instance: Instance) -> dict[str, Any]:
    key = f"{annotations.image}/{instance.name}/{instance.id}/{instance.plane}"
    locked = {"isLocked": True} if instance.locked else {}
    color = annotations.vocabulary[instance.name].color
    return {
        "type": "Feature",
        "id": str(uuid5(NAMESPACE_URL, key)),
        "geometry": _geometry(instance.mask, places_of(annotations.grid, instance.plane)),
        "properties": {
            "objectType": "annotation",
            "name": f"{instance.name} {instance.id}",
            "classification": {"name": instance.name, "color": rgb(color)},
            **locked,
            "measurements": {SCORE: round(instance.score, 4)},
            "metadata": {ID: str(instance.id), STATE: str(instance.state)},
        },
    }


def _geometry(mask: Mask, places: dict[str, int]) -> dict[str, Any]:
    parts = [_coordinates(polygon) for polygon in polygons_of(mask)]
    several = len(parts) > 1
    plane = {"plane": {"c": -1, "z": places.get("Z", 0), "t": places.get("T", 0)}} if places else {}
    return {
        "type": "MultiPolygon" if several else "Polygon",
        "coordinates": parts if several else parts[0],
        **plane,
    }


def _coordinates(polygon: Polygon) -> list[list[list[int]]]:
    return [np.concatenate([ring, ring[:1]]).tolist() for ring in polygon.rings]


Coordinate = Annotated[float, Field(allow_inf_nan=False)]
Corner = Annotated[list[Coordinate], Field(min_length=2)]
Ring = Annotated[list[Corner], Field(min_length=3)]
Rings = Annotated[list[Ring], Field(min_length=1)]
Place = Annotated[int, Field(lt=1 << 20)]


class _Plane(BaseModel):
    z: Place = 0
    t: Place = 0


class _Polygon(BaseModel):
    type: Literal["Polygon"]
    coordinates: Rings
    plane: _Plane | None = None

    @property
    def parts(self) -> list[Any]:
        return [self.coordinates]


class _MultiPolygon(BaseModel):
    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1)]
    plane: _Plane | None = None

    @property
    def parts(self) -> list[Any]:
        return self.coordinates


class _Other(BaseModel):
    type: Literal["Point", "MultiPoint", "LineString", "MultiLineString", "GeometryCollection"]


class _Class(BaseModel):
    name: str = ""
    names: list[str] = []
    color: Any = None
    colorRGB: int | None = None  # noqa: N815 - as QuPath up to 0.3 has it

    @property
    def called(self) -> str:
        """Its name; what is derived of a class is written after a colon, as QuPath does."""
        return self.name or ": ".join(self.names) or UNCLASSIFIED

    @property
    def hex(self) -> str:
        return f"#{self.colorRGB & 0xFFFFFF:06x}" if self.colorRGB is not None else hex_color(self.color)


class _Properties(BaseModel):
    classification: _Class | None = None
    isLocked: bool = False  # noqa: N815
    measurements: Any = None
    metadata: dict[str, Any] = {}

    @property
    def number(self) -> int | None:
        text = str(self.metadata.get(ID, ""))
        return int(text) if text.isdecimal() and len(text) < 12 else None

    @property
    def score(self) -> Any:
        """The score; QuPath up to 0.3 has a list of names and values."""
        known = self.measurements
        if isinstance(known, list):
            known = {m.get("name"): m.get("value") for m in known if isinstance(m, dict)}
        return known.get(SCORE) if isinstance(known, dict) else None


class _Feature(BaseModel):
    type: Literal["Feature"]
    geometry: Annotated[_Polygon | _MultiPolygon | _Other, Field(discriminator="type")] | None
    properties: _Properties | None = None


class _Collection(BaseModel):
    type: Literal["FeatureCollection"]
    features: list[_Feature]


class _Document(RootModel[_Collection | list[_Feature] | _Feature]):
    """QuPath writes a collection, a list, or one object by itself."""

    @property
    def features(self) -> list[_Feature]:
        if isinstance(self.root, _Collection):
            return self.root.features
        return self.root if isinstance(self.root, list) else [self.root]


def read_qupath(path: Path, frame: Frame | None = None) -> list[Annotations]:
    """Read annotations, detections and cells with an area; points and lines are left out, and told.

    Raises
    ------
    BadFileError
        When the file cannot be read or is damaged.
    """
    features = read_json(path, _Document, "GeoJSON features").features
    notes = () if frame is not None else (UNSIZED,)
    told = [f.geometry.plane for f in features if isinstance(f.geometry, _Polygon | _MultiPolygon)]
    if frame is not None and told and not any(told):
        # nothing says which plane of a stack is meant
        frame = Frame(frame.image, frame.shape, ONE_PLANE if frame.grid.depth else frame.grid)
    frame = frame or _frame(features)
    gathering = Gathering(frame)
    for feature in features:
        if isinstance(feature.geometry, _Polygon | _MultiPolygon):
            _gather(gathering, frame, feature.geometry, feature.properties or _Properties())
        else:
            gathering.leave_out("point or line")
    return [gathering.finish(notes)]


UNSIZED = "The file does not tell the size of the image: it ends where the last object does."


def _gather(
    gathering: Gathering, frame: Frame, geometry: _Polygon | _MultiPolygon, properties: _Properties
) -> None:
    target = properties.classification or _Class()
    gathering.declare(target.called, target.hex)
    parts = ([np.array([corner[:2] for corner in ring]) for ring in part] for part in geometry.parts)
    masks = (filled(rings, frame.shape) for rings in parts)
    state = properties.metadata.get(STATE)
    gathering.add(
        target.called,
        reduce(Mask.plus, masks, NOTHING),
        number=properties.number,
        score=properties.score,
        # a person who locks an object in QuPath answers for it
        state=InstanceState.ACCEPTED if properties.isLocked and state == InstanceState.PROPOSED else state,
        plane=plane_at(frame.grid, _places(geometry)),
    )


def _places(geometry: _Polygon | _MultiPolygon) -> dict[str, int]:
    plane = geometry.plane or _Plane()
    return {"Z": max(plane.z, 0), "T": max(plane.t, 0)}


def _frame(features: list[_Feature]) -> Frame:
    drawn = [f.geometry for f in features if isinstance(f.geometry, _Polygon | _MultiPolygon)]
    corners = [c for geometry in drawn for part in geometry.parts for ring in part for c in ring]
    width, height = (max([1, *(int(np.ceil(min(c[axis], 2**31))) for c in corners)]) for axis in (0, 1))
    return Frame("", (height, width), grid_around(map(_places, drawn)))


QUPATH = Format("qupath", "QuPath GeoJSON", ".geojson", write_qupath, read_qupath, {**NO_SCALE, **NO_EMPTY})
