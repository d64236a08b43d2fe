"""The longest hold-up of the window in 500 random actions, during runs of the built-in models."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._window import Window, discs, on_a_screen, settle, wait
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from tests.watch import Watch

COUNT = 500
SIDE, PLANES = 512, 3
SEED = 0
MOST_MS = 100.0


def run() -> dict[str, Any]:
    """Return the longest hold-up in milliseconds of each kind of action, and of what comes once."""
    found = _on_a_screen("with")
    found["alone"] = _on_a_screen("alone")
    print(f"longest hold-up of the window in {found['count']} random actions during runs, ms")
    for name, row in found["actions"].items():
        print(f"  {name:18} {row['longest']:7.0f}   (median {row['median']:.0f}, {row['times']} times)")
    print(f"  over {MOST_MS:.0f} ms: {found['over']} of {found['count']}; events of runs: {found['runs']}")
    for title, once in (("what comes once", found["once"]), ("the same of napari alone", found["alone"])):
        print(f"{title}, ms")
        for name, took in once.items():
            print(f"  {name:42} {took:7.0f}")
    return found


def _on_a_screen(how: str) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        on_a_screen("benchmarks.hold_ups", how, file.name)
        found: dict[str, Any] = json.loads(Path(file.name).read_text())
    return found


# what follows runs on the screen


def measure() -> dict[str, Any]:
    from napari_zeroseg.core.recipe import Recipe
    from tests.hectic import Hectic
    from tests.watch import Watch

    window = Window(Recipe())
    settle(2)  # what is imported in the background is there
    once = _opened(window, Watch())
    session, laps = window.session, defaultdict(list)
    running = [0]
    session.activity_changed.connect(lambda a: running.__setitem__(0, running[0] + a.running))
    person, watch = Hectic(window.viewer, session, SEED), Watch()
    for _ in range(COUNT):
        watch.lap()
        name = person.act()
        settle(0.03)
        laps[name].append(1000 * watch.lap())
    session.cancel()
    window.close()
    actions = {
        name: {"longest": max(of_name), "median": float(np.median(of_name)), "times": len(of_name)}
        for name, of_name in sorted(laps.items())
    }
    over = sum(lap > MOST_MS for of_name in laps.values() for lap in of_name)
    return {"count": COUNT, "actions": actions, "over": over, "runs": running[0], "once": once}


def _opened(window: Window, watch: Watch) -> dict[str, float]:
    """Open a stack, run once and begin an object, which builds napari's layers."""
    session, once = window.session, {}
    planes = np.stack([np.roll(discs(SIDE)[0], 20 * number) for number in range(PLANES)])

    def note(name: str, act: Any) -> None:
        watch.lap()
        act()
        settle(0.3)
        wait(lambda: not session.activity.running)
        once[name] = 1000 * watch.lap()

    labels = ("z", "y", "x")
    note("open an image", lambda: window.viewer.add_image(planes, name="planes", axis_labels=labels))
    session.add_classes("disc: bright, round; ground: dark")
    wait(lambda: not session.readiness[Action.SUGGEST])
    note("suggest", session.suggest)
    session.accept("disc", "ground")
    note("first run, with the first two Labels layers", session.run)
    usual = session.refining.recipe.parameters
    session.refining.set_parameters(usual.model_copy(update={"box_threshold": 0.99}))
    run = "first run that removes masks, with their frames"
    note(run, lambda: (session.run(), wait(lambda: session.difference is not None)))
    session.keep_old()
    session.refining.set_parameters(usual)
    note("first object, with the layers of prompts", lambda: session.begin("disc"))
    session.discard()
    session.add_classes("other")
    note("an object of a third class, with its layer", lambda: session.begin("other"))
    session.discard()
    watch.stop()
    return once


def alone() -> dict[str, float]:
    """Add such layers to a viewer without the plugin."""
    import napari

    from tests.watch import Watch

    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1280, 800)
    settle(2)
    planes, once, watch = np.zeros((PLANES, SIDE, SIDE), np.uint16), {}, Watch()
    planes[:, ::2] = 1
    for name, add in (
        ("an image", lambda: viewer.add_image(planes)),
        ("the first Labels layer", lambda: viewer.add_labels(planes)),
        ("the first Points layer", lambda: viewer.add_points([(0, 9, 9)])),
        ("another Labels layer", lambda: viewer.add_labels(planes)),
    ):
        watch.lap()
        add()
        settle(0.3)
        once[name] = 1000 * watch.lap()
    watch.stop()
    viewer.close()
    return once


if __name__ == "__main__":
    how = {"with": measure, "alone": alone}[sys.argv[1]]
    Path(sys.argv[2]).write_text(json.dumps(how()))
