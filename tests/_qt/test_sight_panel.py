"""The question after the axes, and the preview of what the models see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_zeroseg._qt.axes_question import AxesQuestion
from napari_zeroseg._qt.gui_thread import Background
from napari_zeroseg._qt.sight_panel import SightPanel
from napari_zeroseg.api import volume_source
from napari_zeroseg.core.channels import Channel, Composition
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.session.runner import InlineExecutor
from tests.fakes import source, squares

LEFT = Qt.MouseButton.LeftButton
TWO = Volume(np.stack([squares(), squares().T]), "CYX")


@pytest.fixture
def panel(qtbot, empty):
    panel = SightPanel(empty, Background(InlineExecutor(), lambda act: act()))
    qtbot.addWidget(panel)
    panel.show()
    return panel


def test_each_meaning_is_a_button(qtbot, empty):
    question = AxesQuestion(empty)
    qtbot.addWidget(question)
    told = []
    empty.sight.axes_told.connect(told.append)
    empty.open(
        replace(source(), depth=(48,), plane=(0,), choices=("ZYX", "TYX", "CYX"), blocked="Say first.")
    )
    assert question.isVisibleTo(question.parentWidget())
    assert [b.text() for b in question.choices.values()] == [
        "48 depths of 64 × 64 pixels", "48 time points of 64 × 64 pixels", "48 channels of 64 × 64 pixels",
    ]  # fmt: skip
    qtbot.mouseClick(question.choices["TYX"], LEFT)
    assert told == ["TYX"]
    empty.open(replace(source(), depth=(48,), plane=(0,), axes="TYX"))
    assert question.isHidden()
    question.release()


def test_channels_are_offered_to_be_shown_together(qtbot, empty):
    question = AxesQuestion(empty)
    qtbot.addWidget(question)
    wanted = []
    empty.sight.split_wanted.connect(lambda: wanted.append(True))
    empty.open(replace(source(), depth=(3,), plane=(0,), axes="CYX", blocked="Split first."))
    qtbot.mouseClick(question.split, LEFT)
    assert wanted
    question.release()


def test_channels_are_boxes_that_follow_the_image(qtbot, empty, panel):
    wished = []
    empty.sight.channel_wanted.connect(lambda number, on: wished.append((number, on)))
    channels = (Channel(name="DAPI"), Channel(name="A&B", on=False))
    empty.open(volume_source("cells", TWO, Composition(channels=channels)))
    assert [(box.text(), box.isChecked()) for box in panel.channels] == [("DAPI", True), ("A&&B", False)]
    assert "1 of 2 channels" in panel.fold.heading.text()
    assert wished == []
    panel.channels[1].click()
    assert wished == [(1, True)]
    panel.release()


def test_the_preview_follows_the_contrast(qtbot, empty, panel):
    panel.fold.heading.setChecked(True)
    empty.open(volume_source("cells", Volume(squares(), "YX"), _grey(255)))
    dim = panel.preview.pixmap().toImage().pixelColor(25, 25).lightness()
    empty.open(volume_source("cells", Volume(squares(), "YX"), _grey(25500)))
    assert panel.preview.pixmap().toImage().pixelColor(25, 25).lightness() < dim
    panel.release()


def _grey(high):
    return Composition(channels=(Channel(limits=(0, high)),))


def test_what_cannot_be_seen_is_told_in_place_of_the_preview(qtbot, empty, panel):
    panel.fold.heading.setChecked(True)
    empty.open(volume_source("cells", Volume(np.full((20, 20), np.nan), "YX")))
    assert "NaN" in panel.trouble.text()
    empty.open(replace(volume_source("large", Volume(squares(), "YX")), shape=(20000, 20000)))
    assert "too large" in panel.trouble.text()
    panel.release()
