"""What others have published about the same data sets; the numbers are in ``published.yaml``."""

from __future__ import annotations

from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter


class Published(BaseModel):
    """A published result.

    Attributes
    ----------
    classes : str
        The class list that it is about, such as ``voc-21``.
    method : str
        What it is called there.
    training : str
        What it was trained on beyond its pretrained parts.
    percent : dict of str to float
        Scores as they were printed, in percent, by the names of ours.
    source : str
        Where it can be read.
    note : str
        What makes it differ from how we count.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    classes: str
    method: str
    training: str
    percent: dict[str, float]
    source: str
    note: str = ""


def published(classes: str) -> tuple[Published, ...]:
    """Return what was published for a class list, the best mIoU first."""
    text = files("napari_zeroseg.evaluation").joinpath("published.yaml").read_text(encoding="utf-8")
    known = TypeAdapter(tuple[Published, ...]).validate_python(yaml.safe_load(text))
    own = [result for result in known if result.classes == classes]
    return tuple(sorted(own, key=lambda result: -result.percent.get("miou", 0.0)))
