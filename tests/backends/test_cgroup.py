"""Limits of containers and of a cluster's jobs count as the machine's memory."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends import cgroup, memory
from napari_zeroseg.backends.cgroup import Limit


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Groups with the given maximum, use and cache; the process is in the innermost."""
    monkeypatch.setattr(cgroup, "_GROUPS", tmp_path)
    monkeypatch.setattr(cgroup, "_OWN", tmp_path / "own")

    def make(own, **limits):
        (tmp_path / "own").write_text(f"12:cpu:/x\n0::/{own}\n")
        for name, (most, used, cached) in limits.items():
            group = tmp_path / name.replace("_", "/")
            group.mkdir(parents=True, exist_ok=True)
            (group / "memory.max").write_text(f"{most}\n")
            (group / "memory.current").write_text(f"{used}\n")
            (group / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")

    return make


def test_the_tightest_of_all_groups_counts(groups):
    groups("slurm/job", slurm=(1000, 900, 50), slurm_job=(500, 100, 0))
    assert cgroup.tightest() == Limit(1000, 150)


def test_a_group_without_a_limit_does_not(groups):
    groups("slurm/job", slurm=("max", 900, 50))
    assert cgroup.tightest() is None


def test_without_groups_there_is_no_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(cgroup, "_OWN", tmp_path / "none")
    assert cgroup.tightest() is None


def test_memory_heeds_the_limit(groups):
    groups("", **{"": (1000, 900, 50)})
    assert (memory.free("cpu"), memory.total("cpu")) == (150, 1000)
