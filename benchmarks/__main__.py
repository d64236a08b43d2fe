"""Run measurements, print their tables, and keep the numbers as JSON."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

OUT = Path("bench-output")
NAMES = (
    "startup",
    "dsb2018",
    "plant3d",
    "wbc_blood",
    "clicks",
    "large",
    "batch",
    "review",
    "exemplar",
    "propagation",
    "formats",
    "crf",
    "freeseg",
    "learning",
    "tag2class",
    "sam",
    "paper_memory",
    "click_speed",
    "hold_ups",
)
PACKAGES = ("napari", "napari-zeroseg", "numpy", "scikit-image", "scipy", "torch", "transformers")


def machine() -> dict[str, Any]:
    """Return what numbers depend on beside the code."""
    found = {d.metadata["Name"].lower(): d.version for d in distributions()}
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: found[name] for name in PACKAGES if name in found},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def run(name: str) -> None:
    """Run one measurement, which prints its table, and write ``bench-output/<name>.json``."""
    print(f"== {name}", flush=True)
    start = time.perf_counter()
    numbers = importlib.import_module(f"benchmarks.{name}").run()
    document = {"machine": machine(), "seconds": round(time.perf_counter() - start, 1), **numbers}
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(document, indent=2, default=float) + "\n", encoding="utf-8")
    print(f"-> {path}\n", flush=True)


def main(names: list[str]) -> int:
    """Run the named measurements, or all; return an exit code."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no measurement '{unknown[0]}'. Choose from: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    for name in names or NAMES:
        run(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
