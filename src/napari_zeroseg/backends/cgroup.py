"""The memory that Linux leaves to this process where a container or a cluster's job limits it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class Limit:
    """Bytes that the process and its neighbours may take together, and bytes that are left."""

    total: int
    free: int


def tightest() -> Limit | None:
    """Return the limit that leaves the least, of the process's groups of version 2; None without one."""
    limits = [limit for group in _groups() if (limit := _limit(group))]
    return min(limits, key=lambda limit: limit.free, default=None)


def _groups() -> list[Path]:
    """Return the process's group and those around it."""
    try:
        lines = _OWN.read_text().splitlines()
    except OSError:
        return []
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    parts = Path(own).parts
    return [_GROUPS.joinpath(*parts[:n]) for n in range(len(parts) + 1)]


def _limit(group: Path) -> Limit | None:
    try:
        total = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text()) - _cached(group)
    except (OSError, ValueError):  # no such files, or the word "max"
        return None
    return Limit(total, max(0, total - used))


def _cached(group: Path) -> int:
    """Return the bytes of files that the system keeps for speed alone, and gives up when asked."""
    lines = (line.split() for line in (group / "memory.stat").read_text().splitlines())
    return next((int(value) for key, value in lines if key == "inactive_file"), 0)
