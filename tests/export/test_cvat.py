"""CVAT's XML."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.export.cvat import read_cvat, write_cvat

DRAWN_IN_CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><job><labels><label><name>car</name><color>#c06060</color></label></labels></job></meta>
  <image id="0" name="street/01.jpg" width="30" height="20">
    <polygon label="car" source="manual" occluded="0" points="2.00,1.00;5.00,1.00;5.00,4.00;2.00,4.00"/>
    <box label="car" source="manual" xtl="10.0" ytl="2.0" xbr="12.0" ybr="6.0" z_order="0"/>
    <mask label="person" source="semi-auto" rle="1, 2, 1" left="3" top="5" width="2" height="2"/>
    <polyline label="car" points="1,1;2,2"/>
  </image>
  <image id="1" name="street/02.jpg" width="4" height="4"/>
</annotations>
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.xml").write_text(DRAWN_IN_CVAT)
    return tmp_path / "a.xml"


def test_what_a_person_drew_in_cvat_is_read(path):
    first, second = read_cvat(path)
    assert (first.image, first.shape, second.image, second.instances) == ("01.jpg", (20, 30), "02.jpg", ())
    assert [(i.name, i.id, i.state) for i in first.instances] == [
        ("car", 1, InstanceState.EDITED),
        ("car", 2, InstanceState.EDITED),
        ("person", 1, InstanceState.ACCEPTED),
    ]
    polygon, box, mask = (i.mask for i in first.instances)
    assert polygon.same_as(Mask((1, 2), np.ones((3, 3), bool)))
    assert box.same_as(Mask((2, 10), np.ones((4, 2), bool)))
    assert mask.same_as(Mask((5, 3), np.array([[0, 1], [1, 0]], bool)))
    assert first.vocabulary["car"].color == "#c06060"
    assert first.notes == ("Left out: 1 × polyline without an area.",)


def test_masks_are_runs_along_the_rows_of_their_box(tmp_path):
    vocabulary = Vocabulary((TargetClass("cell", "#112233"),))
    mask = Mask((4, 7), np.array([[0, 1, 1], [1, 1, 0]], bool))
    instance = Instance(9, "cell", mask, 0.25, InstanceState.PROPOSED)
    write_cvat(tmp_path / "a.xml", Annotations("a.png", (20, 30), vocabulary, (instance,)))
    root = ET.parse(tmp_path / "a.xml").getroot()
    element = root.find("image/mask")
    told = {"label": "cell", "source": "auto", "occluded": "0", "rle": "1, 4, 1", "left": "7", "top": "4"}
    assert element.attrib == told | {"width": "3", "height": "2", "z_order": "0"}
    assert {a.get("name"): a.text for a in element} == {"id": "9", "score": "0.25", "state": "proposed"}
    label = root.find("meta/task/labels/label")
    assert (label.findtext("name"), label.findtext("color"), label.findtext("type")) == (
        "cell",
        "#112233",
        "mask",
    )
    # CVAT drops attributes that the label does not declare
    assert [a.findtext("name") for a in label.iter("attribute")] == ["id", "score", "state"]


ENTITY = '<!DOCTYPE a [<!ENTITY b "bbbb">]><annotations><image name="&b;"/></annotations>'
OUTSIDE = (
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotations><image name="&b;"/></annotations>'
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTITY, "no XML file that can be read"),
        (OUTSIDE, "no XML file that can be read"),
        ("<annotations>", "no XML file that can be read"),
        ("<annotations/>", "no annotations of images"),
        (DRAWN_IN_CVAT.replace('rle="1, 2, 1"', 'rle="1, 2, 2"'), "does not fill"),
        (DRAWN_IN_CVAT.replace('rle="1, 2, 1"', 'rle="-1, 4, 1"'), "no list of runs"),
        (DRAWN_IN_CVAT.replace('left="3"', 'left="x"'), "left is 'x'"),
        (DRAWN_IN_CVAT.replace("5.00,4.00", "nan,4.00"), "no number"),
        (DRAWN_IN_CVAT.replace('xtl="10.0"', ""), "no number"),
        (DRAWN_IN_CVAT.replace('width="30"', 'width="999999999"'), "999999999 × 20"),
    ],
)
def test_damaged_and_hostile_files_are_refused(path, text, message):
    path.write_text(text)
    with pytest.raises(BadFileError, match=message):
        read_cvat(path)
