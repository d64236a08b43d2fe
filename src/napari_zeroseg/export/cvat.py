"""CVAT's XML, "CVAT for images 1.1": instances as masks; polygons and boxes are read too.

Source: "XML annotation format" of https://docs.cvat.ai. Runs of a mask go along the rows of its bounding box
and begin with background.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

import numpy as np

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.instance import InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.export.atomic import replacing
from napari_zeroseg.export.format import NO_SCALE, SINGLE_PLANES, Format
from napari_zeroseg.export.gathering import MAX_PIXELS, Gathering
from napari_zeroseg.export.polygons import filled
from napari_zeroseg.export.untrusted import read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_zeroseg.core.instance import Instance

ATTRIBUTES = {"id": "number", "score": "text", "state": "select"}
"""What CVAT is told of each object beside its class, and how CVAT shows it."""
_SOURCES = {
    InstanceState.PROPOSED: "auto",
    InstanceState.ACCEPTED: "semi-auto",
    InstanceState.EDITED: "manual",
}
_VALUES = {"id": "1;2147483647;1", "score": "", "state": "\n".join(InstanceState)}
_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_cvat(path: Path, annotations: Annotations) -> None:
    """Write the labels with their colours, and a mask for each instance.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    _add_task(SubElement(SubElement(root, "meta"), "task"), annotations)
    height, width = annotations.shape
    name = _CONTROL.sub("?", annotations.image)
    image = SubElement(root, "image", id="0", name=name, width=str(width), height=str(height))
    for instance in annotations.instances:
        _add_mask(image, instance)
    indent(root)
    with replacing(path) as part:
        ElementTree(root).write(part, encoding="utf-8", xml_declaration=True)


def _add_task(task: Element, annotations: Annotations) -> None:
    for key, text in (("name", "napari-zeroseg"), ("size", "1"), ("mode", "annotation")):
        SubElement(task, key).text = text
    labels = SubElement(task, "labels")
    for target in annotations.vocabulary:
        label = SubElement(labels, "label")
        for key, text in (("name", target.name), ("color", target.color), ("type", "mask")):
            SubElement(label, key).text = text
        attributes = SubElement(label, "attributes")
        for name, kind in ATTRIBUTES.items():
            _add_attribute(SubElement(attributes, "attribute"), name, kind)


def _add_attribute(attribute: Element, name: str, kind: str) -> None:
    values = _VALUES[name]
    default = values.partition(";")[0].partition("\n")[0]
    told = {"name": name, "mutable": "False", "input_type": kind, "default_value": default, "values": values}
    for key, text in told.items():
        SubElement(attribute, key).text = text


def _add_mask(image: Element, instance: Instance) -> None:
    mask = instance.mask.trimmed()
    rows, cols = mask.slices
    element = SubElement(
        image,
        "mask",
        label=instance.name,
        source=_SOURCES[instance.state],
        occluded="0",
        rle=", ".join(map(str, _runs(mask.pixels))),
        left=str(cols.start),
        top=str(rows.start),
        width=str(mask.pixels.shape[1]),
        height=str(mask.pixels.shape[0]),
        z_order="0",
    )
    values = {"id": instance.id, "score": round(instance.score, 4), "state": instance.state}
    for name in ATTRIBUTES:
        SubElement(element, "attribute", name=name).text = str(values[name])


def _runs(pixels: NDArray[np.bool_]) -> list[int]:
    flat = pixels.ravel()
    changes = np.flatnonzero(np.diff(flat, prepend=False)).tolist()
    return [end - start for start, end in pairwise([0, *changes, flat.size])]


def read_cvat(path: Path, _frame: Frame | None = None) -> list[Annotations]:
    """Read masks, polygons and boxes of every image of a file.

    Raises
    ------
    BadFileError
        When the file cannot be read, is damaged, or defines entities.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(read_bytes(path), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadFileError(f"'{path.name}' is no XML file that can be read: {error}.") from error
    images = root.findall("image")
    if root.tag != "annotations" or not images:
        raise BadFileError(
            f"'{path.name}' holds no annotations of images.",
            remedy="Export the task from CVAT as 'CVAT for images 1.1'.",
        )
    try:
        return [_of_image(image, root) for image in images]
    except BadFileError as error:
        raise BadFileError(f"'{path.name}' is damaged: {error.happened}") from error


def _of_image(image: Element, root: Element) -> Annotations:
    shape = (_whole(image, "height"), _whole(image, "width"))
    gathering = Gathering(Frame(image.get("name", "").replace("\\", "/").rpartition("/")[2], shape))
    for label in root.iterfind("meta//labels/label"):
        gathering.declare(label.findtext("name", ""), label.findtext("color", ""))
    for shape_element in image:
        mask = _mask(shape_element, shape)
        if mask is None:
            gathering.leave_out(f"{shape_element.tag} without an area")
        else:
            _gather(gathering, shape_element, mask)
    return gathering.finish()


def _gather(gathering: Gathering, element: Element, mask: Mask) -> None:
    told = {a.get("name"): a.text or "" for a in element.iterfind("attribute")}
    from_source = {source: state for state, source in _SOURCES.items()}
    number = told.get("id", "")
    gathering.add(
        element.get("label", ""),
        mask,
        number=int(number) if number.isdecimal() and len(number) < 12 else None,
        score=_number(told["score"]) if told.get("score") else None,
        state=told.get("state") or from_source.get(element.get("source", "")),
    )


def _mask(element: Element, shape: tuple[int, int]) -> Mask | None:
    if element.tag == "mask":
        return _from_runs(element)
    if element.tag == "polygon":
        corners = [pair.split(",") for pair in element.get("points", "").split(";")]
        if len(corners) < 3 or any(len(pair) != 2 for pair in corners):
            raise BadFileError("A polygon has no corners.")
        return filled([np.array([[_number(x), _number(y)] for x, y in corners])], shape)
    if element.tag == "box" and not _number(element.get("rotation", "0")):
        x0, y0, x1, y1 = (_number(element.get(side, "")) for side in ("xtl", "ytl", "xbr", "ybr"))
        return filled([np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])], shape)
    return None


def _from_runs(element: Element) -> Mask:
    top, left, height, width = (_whole(element, key) for key in ("top", "left", "height", "width"))
    texts = element.get("rle", "").split(",")
    if height * width > MAX_PIXELS or not all(t.strip().isdecimal() and len(t) < 20 for t in texts):
        raise BadFileError("A mask is no list of runs.")
    runs = [int(text) for text in texts]
    if sum(runs) != height * width:
        raise BadFileError(f"A mask does not fill its {width} × {height} pixels.")
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    return Mask((top, left), pixels)


def _whole(element: Element, key: str) -> int:
    text = element.get(key, "")
    if not text.isdecimal() or len(text) > 9:
        raise BadFileError(f"{element.tag}: {key} is {text!a}, not a number of pixels.")
    return int(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise BadFileError(f"{text!a} is no number.") from error
    if not np.isfinite(value):
        raise BadFileError(f"{text!a} is no number.")
    return value


CVAT = Format(
    "cvat", "CVAT for images 1.1 (XML)", ".xml", write_cvat, read_cvat, {**SINGLE_PLANES, **NO_SCALE}
)
