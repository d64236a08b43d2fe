"""Whatever a person does in the real window, also during runs, it is never held up."""

from __future__ import annotations

import time
from collections import defaultdict

import numpy as np
import pytest

from napari_zeroseg._qt.gui_thread import GuiThread
from napari_zeroseg._widget import ZeroSegWidget
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.runner import Runner, models_thread
from napari_zeroseg.session.session import Session
from tests.fakes import FakeBackend, fake_backends, squares
from tests.hectic import Hectic
from tests.watch import Watch

COUNT = 60
LONGEST = 0.1  # seconds


class Leisurely(FakeBackend):
    """Takes its time, so that much happens during a run."""

    def segment(self, embedding, prompts):
        time.sleep(0.02)
        return super().segment(embedding, prompts)

    def detect(self, image, classes):
        time.sleep(0.1)
        return super().detect(image, classes)


@pytest.fixture
def window(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    session = Session(
        Runner(models_thread(), GuiThread()), backends=lambda recipe: fake_backends(recipe, Leisurely())
    )
    widget = ZeroSegWidget(viewer, session)
    viewer.window.add_dock_widget(widget, name="ZeroSeg")
    planes = np.stack([squares(), squares().T, squares()[::-1]])
    viewer.add_image(planes, name="planes", axis_labels=("z", "y", "x"))
    session.add_classes("bright; grey")
    qtbot.waitUntil(lambda: not session.readiness[Action.SUGGEST], timeout=10_000)
    session.suggest()
    qtbot.waitUntil(lambda: not session.activity.running, timeout=10_000)
    session.accept("bright", "grey")
    session.run()
    qtbot.waitUntil(lambda: not session.activity.running, timeout=10_000)
    session.begin("bright")  # napari builds its layers once
    qtbot.wait(300)
    yield viewer, session
    widget.release()


def test_no_action_holds_the_window_up(window, qtbot):
    viewer, session = window
    person, watch = Hectic(viewer, session, seed=5), Watch()
    laps = defaultdict(list)
    for _ in range(COUNT):
        watch.lap()
        name = person.act()
        qtbot.wait(15)
        laps[name].append(watch.lap())
    watch.stop()
    assert person.done["click"] > 5
    assert person.done["run"] > 0
    # what is slow is slow again; a single one may be the machine, or a shader that is built once
    again = {name: sorted(of_name)[-2] for name, of_name in laps.items() if len(of_name) > 1}
    assert not {name: f"{1000 * lap:.0f} ms" for name, lap in again.items() if lap > LONGEST}
