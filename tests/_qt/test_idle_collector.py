"""Full garbage collections come in pauses."""

from __future__ import annotations

import gc
import weakref

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_zeroseg._qt import idle_collector
from napari_zeroseg._qt.idle_collector import IdleCollector


@pytest.fixture
def collector(qtbot, monkeypatch):
    monkeypatch.setattr(idle_collector, "PAUSE", 0.0)
    monkeypatch.setattr(idle_collector, "TICK", 1_000_000)  # the tests tick
    made = IdleCollector()
    yield made
    made.release()


@pytest.fixture
def collections(monkeypatch):
    done = []
    monkeypatch.setattr(gc, "collect", lambda: done.append(1))
    return done


def made_since(monkeypatch, times):
    usual = IdleCollector._usual[2]
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, times * usual))


def test_a_pause_is_used_where_there_is_something_to_collect(collector, collections, monkeypatch):
    made_since(monkeypatch, idle_collector.DUE - 1)
    collector._on_tick()
    assert not collections
    made_since(monkeypatch, idle_collector.DUE)
    collector._on_tick()
    assert collections


@pytest.mark.parametrize("by", ["key", "mouse", "note"])
def test_nothing_is_collected_while_somebody_is_at_work(qtbot, collector, collections, monkeypatch, by):
    widget = QWidget()
    qtbot.addWidget(widget)
    made_since(monkeypatch, idle_collector.DUE)
    monkeypatch.setattr(idle_collector, "PAUSE", 1000.0)
    collector._latest -= 2000
    match by:
        case "key":
            qtbot.keyClick(widget, Qt.Key.Key_A)
        case "mouse":
            qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)
        case "note":
            collector.note()
    collector._on_tick()
    assert not collections
    collector._latest -= 2000
    collector._on_tick()
    assert collections


def test_python_collects_seldom_meanwhile_and_as_before_after_the_last(collector):
    usual = IdleCollector._usual
    other = IdleCollector()
    assert gc.get_threshold() == (*usual[:2], idle_collector.RARER * usual[2])
    other.release()
    other.release()
    assert gc.get_threshold()[2] > usual[2]
    collector.release()
    assert gc.get_threshold() == usual


class Loop:
    """Garbage that only a collection finds."""

    def __init__(self):
        self.itself = self


def test_a_pause_frees_even_what_was_there_from_the_start(qtbot, monkeypatch):
    monkeypatch.setattr(idle_collector, "PAUSE", 0.0)
    loop = Loop()
    gone = weakref.ref(loop)
    collector = IdleCollector()
    try:
        del loop
        gc.collect()
        assert gone() is not None, "a collection amid the work looks at what is new"
        made_since(monkeypatch, idle_collector.DUE)
        collector._on_tick()
        assert gone() is None
        assert gc.get_freeze_count() > 0
    finally:
        collector.release()
    assert gc.get_freeze_count() == 0
