"""What importing costs, against an empty interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

STATEMENTS = {
    "empty interpreter": "pass",
    "import napari_zeroseg": "import napari_zeroseg",
    "napari_zeroseg.segment": "from napari_zeroseg import segment",
    "import napari_zeroseg._widget": "import napari_zeroseg._widget",
    "import napari.viewer alone": "import napari.viewer",
}
REPEATS = 11


def _seconds(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def _heavy(statement: str) -> list[str]:
    code = (
        f"{statement}\nimport sys; print(*{{'torch', 'transformers', 'qtpy', 'napari'}} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return sorted(answer.stdout.split())


def run() -> dict[str, Any]:
    """Return medians in milliseconds, and which heavy packages were loaded."""
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(REPEATS + 1):  # by turns, so that a busy moment hits all alike
        for name, statement in STATEMENTS.items():
            times[name].append(_seconds(statement))
    # the first round fills the disk cache
    medians = {name: 1000 * statistics.median(values[1:]) for name, values in times.items()}
    empty = medians["empty interpreter"]
    print(f"{'median of ' + str(REPEATS):32}{'ms':>8}{'more than empty':>17}{'ratio':>8}  loads")
    rows = {}
    for name, median in medians.items():
        heavy = _heavy(STATEMENTS[name])
        rows[name] = {"ms": round(median, 1), "ratio": round(median / empty, 2), "loads": heavy}
        print(f"{name:32}{median:8.1f}{median - empty:17.1f}{median / empty:8.2f}  {' '.join(heavy)}")
    return {"repeats": REPEATS, "medians": rows}
