"""Random annotations, and what must be left of them in a format that loses something."""

from collections import Counter
from dataclasses import replace
from functools import reduce

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.compose import instance_labels, semantic_labels
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.core.volume import ONE_PLANE, Grid
from napari_zeroseg.export.format import Format, Part

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))
NAMES = st.one_of(
    st.sampled_from(["nucleus", "Zellkern ä", "細胞", "a/b", "1", "01", "null", "x, y", '<&">', "=1+1", "𐐷"]),
    st.text("abcäéßж中0 ._-'", min_size=1, max_size=8).filter(lambda name: name.strip()),
)
COLORS = st.integers(0, 2**24 - 1).map("#{:06x}".format)
IDS = st.one_of(st.integers(1, 9), st.integers(65_530, 70_000))
SCALES = st.sampled_from([{}, {"Y": 0.5, "X": 0.25}])


@st.composite
def masks(draw, shape):
    """Holes, single pixels, parts that touch at a corner, whole images: any pixels at all."""
    height, width = (draw(st.integers(1, side)) for side in shape)
    pixels = draw(arrays(bool, (height, width), fill=st.nothing()))
    # one pixel at least
    pixels[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))] = True
    origin = draw(st.integers(0, shape[0] - height)), draw(st.integers(0, shape[1] - width))
    return Mask(origin, pixels).trimmed()


@st.composite
def annotations(draw, names=NAMES, depth=(), scales=SCALES, most=6):
    shape = draw(SHAPES)
    chosen = draw(st.lists(names, min_size=1, max_size=3, unique_by=lambda name: name.strip().casefold()))
    vocabulary = Vocabulary(tuple(TargetClass(name, draw(COLORS)) for name in chosen))
    grid = draw(scales.map(lambda scale: grid_of(depth, scale)))
    instances = {}
    for _ in range(draw(st.integers(0, most))):
        instance = Instance(
            draw(IDS),
            draw(st.sampled_from(vocabulary.names)),
            draw(masks(shape)),
            draw(st.sampled_from([1.0, 0.5, 0.25, 0.0])),
            draw(st.sampled_from(list(InstanceState))),
            plane=draw(st.sampled_from(grid.planes)),
        )
        instances.setdefault(instance.key, instance)
    return Annotations("cells 1.png", shape, vocabulary, tuple(instances.values()), grid)


def grid_of(depth, scale):
    if not depth:
        return Grid(scale=scale, units=dict.fromkeys(scale, "micrometer")) if scale else ONE_PLANE
    axes = "TZYX"[-2 - len(depth) :]
    return Grid(axes, depth, tuple(np.ndindex(*depth)), scale, dict.fromkeys(scale, "micrometer"))


def left_in(fmt: Format, drawn: Annotations) -> Counter:
    """Return what must come back of each instance, as often as it must."""
    left = composed(fmt, drawn)
    if Part.SECTIONS in fmt.loses:
        least = {i.thing: i for i in sorted(drawn.instances, key=lambda i: (i.locked, i.score), reverse=True)}
        left = [replace(i, score=least[i.thing].score, state=least[i.thing].state) for i in left]
    return Counter(
        (
            i.name,
            i.plane,
            i.mask.origin,
            i.mask.pixels.shape,
            i.mask.pixels.tobytes(),
            None if Part.IDS in fmt.loses else i.id,
            None if Part.SCORES in fmt.loses else i.score,
            None if Part.STATES in fmt.loses else i.state,
        )
        for i in left
    )


CITY = st.sampled_from(["road", "Sky", "car", "person", "bicycle"])
"""Names that Cityscapes knows, for no other it can keep."""


def names_for(fmt: Format):
    return CITY if Part.OTHERS in fmt.loses else NAMES


def merged(instances: list[Instance]) -> list[Instance]:
    """Return instances as Cityscapes tells them apart."""
    found = [replace(i, name=i.name.lower()) for i in instances]
    whole = [i for i in found if i.name in ("road", "sky")]
    joined = [
        Instance(1, name, reduce(Mask.plus, [i.mask for i in whole if i.name == name]).trimmed(), 1.0)
        for name in {i.name for i in whole}
    ]
    return [i for i in found if i not in whole] + joined


def composed(fmt: Format, drawn: Annotations) -> list[Instance]:
    """Return instances with the pixels that are theirs alone where a format has no overlaps."""
    if Part.MERGED in fmt.loses:
        return merged(composed(replace(fmt, loses=dict.fromkeys([Part.SHARED, Part.MIXED], "")), drawn))
    if not {Part.SHARED, Part.MIXED} & set(fmt.loses):
        return list(drawn.instances)
    found = []
    for plane in drawn.grid.planes:
        there = [i for i in drawn.instances if i.plane == plane]
        classes = semantic_labels(there, drawn.vocabulary, drawn.shape)
        for target in drawn.vocabulary:
            labels = instance_labels(there, target.name, drawn.shape)
            if Part.MIXED in fmt.loses:
                labels = np.where(classes == drawn.vocabulary.id_of(target.name), labels, 0)
            ids = {i.id: i for i in there if i.name == target.name}
            found += [
                Instance(number, target.name, mask, ids[number].score, ids[number].state, plane=plane)
                for number, mask in masks_of(labels)
            ]
    return found
