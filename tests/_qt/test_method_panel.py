"""The method is chosen in a menu that says when to use it."""

from __future__ import annotations

from napari_zeroseg._qt.method_panel import MethodPanel
from napari_zeroseg.core.method import Method
from napari_zeroseg.methods.choice import CHOICES
from napari_zeroseg.session.session import Session


def test_every_method_can_be_chosen_and_is_explained(qtbot) -> None:
    session = Session()
    panel = MethodPanel(session)
    qtbot.addWidget(panel)
    assert panel.method.count() == len(Method)
    for place, (method, choice) in enumerate(CHOICES.items()):
        panel.method.setCurrentIndex(place)
        panel.method.activated.emit(place)
        assert session.refining.recipe.method is method
        assert panel.method.toolTip() == choice.teaches
    panel.release()
