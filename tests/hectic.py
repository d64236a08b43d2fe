"""A person who does things at random in the real window, and never waits for the machine."""

from __future__ import annotations

import contextlib
from collections import Counter

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.image import BadImageError

ACTIONS = {
    "click": 30,
    "click by mouse": 15,
    "begin": 8,
    "undo": 8,
    "redo": 6,
    "commit": 8,
    "discard": 3,
    "accept": 6,
    "delete": 4,
    "choose a class": 3,
    "change a class": 2,
    "change the plane": 3,
    "zoom": 5,
    "paint": 6,
    "run": 4,
    "cancel": 2,
}
"""What is done how often, in parts."""


class Hectic:
    """Acts on a session and its viewer.

    Parameters
    ----------
    viewer, session
        With an image that has been run on once, so that the classes have layers.
    seed : int
        Of what is done and where.
    """

    def __init__(self, viewer, session, seed=0):
        self.viewer, self.session = viewer, session
        self.done = Counter()
        self._random = np.random.default_rng(seed)
        self._floor = len(session._history._past)

    def act(self):
        """Do something and return what; what the session refuses is refused."""
        weights = np.array(list(ACTIONS.values()), float)
        name = str(self._random.choice(list(ACTIONS), p=weights / weights.sum()))
        with contextlib.suppress(ZeroSegError, BadImageError):
            getattr(self, "_" + name.replace(" ", "_"))()
            self.done[name] += 1
        return name

    def _place(self):
        height, width = self.session.source.shape
        return self._random.uniform(0, height - 1), self._random.uniform(0, width - 1)

    def _name(self):
        return str(self._random.choice(self.session.state.layered))

    def _instance(self):
        keys = [i.key for i in self.session.state.instances]
        if not keys:
            raise ZeroSegError("Nothing is there.")
        return keys[self._random.integers(len(keys))]

    def _click(self):
        y, x = self._place()
        if self.session.state.draft is None:
            self._begin()
        self.session.click(x, y, positive=bool(self._random.random() < 0.7))

    def _click_by_mouse(self):
        if self.session.state.draft is None:
            self._begin()
        native, camera = self.viewer.window._qt_viewer.canvas.native, self.viewer.scene.camera
        away = (np.array(self._place()) - camera.center[-2:]) * camera.zoom
        place = QPoint(round(away[1] + native.width() / 2), round(away[0] + native.height() / 2))
        if not native.rect().contains(place):
            raise ZeroSegError("That place is out of sight.")
        QTest.mouseMove(native, place)
        QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=place)

    def _begin(self):
        self.session.begin(self._name())

    def _undo(self):
        if len(self.session._history._past) > self._floor:
            self.session.undo()

    def _redo(self):
        self.session.redo()

    def _commit(self):
        self.session.commit()

    def _discard(self):
        self.session.discard()

    def _accept(self):
        self.session.accept_instances(self._instance())

    def _delete(self):
        self.session.delete_instances(self._instance())

    def _choose_a_class(self):
        self.session.hand.choose(self._name())

    def _change_a_class(self):
        from dataclasses import replace

        target = self.session.state.vocabulary[self._name()]
        color = "#" + "".join(self._random.choice(list("0123456789abcdef"), 6))
        self.session.change_class(target.name, replace(target, color=color))

    def _change_the_plane(self):
        if self.session.source.depth:
            self.viewer.dims.set_current_step(0, int(self._random.integers(self.session.source.depth[0])))

    def _zoom(self):
        camera = self.viewer.scene.camera
        camera.zoom = float(np.clip(camera.zoom * self._random.choice([0.5, 0.8, 1.25, 2]), 0.2, 8))
        camera.center = self._place()

    def _paint(self):
        layer = self.viewer.layers[self._name()]
        plane = self.session.source.plane
        layer.brush_size = int(self._random.integers(1, 20))
        layer.paint((*plane, *self._place()), int(self._random.integers(0, 6)))

    def _run(self):
        self.session.run()

    def _cancel(self):
        self.session.cancel()
