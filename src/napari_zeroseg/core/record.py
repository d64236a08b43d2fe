"""What was found and what made it, as a JSON-able document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.suggestion import PhraseMatch, Suggestion, Tag
    from napari_zeroseg.core.volume import Grid


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
) -> dict[str, Any]:
    """Return the record of one image; masks are named by class and id, not stored."""
    return {
        "image": {"name": image, "height": shape[0], "width": shape[1], **_placed(grid)},
        "recipe": recipe.model_dump(mode="json"),
        "versions": versions,
        "tags": [asdict(t) for t in tags],
        "caption": caption,
        "suggestions": [{**asdict(s), "decision": str(s.decision)} for s in suggestions],
        "phrases": [asdict(p) for p in phrases],
        "instances": [instance_entry(i) for i in instances],
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
