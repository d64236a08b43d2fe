"""Large arrays on the models' thread do not fetch their memory page by page."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

CODE = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from napari_zeroseg.backends import allocator
from napari_zeroseg.session.runner import models_thread

def faults():
    import torch
    if tuned:
        assert allocator.keep_freed_memory()
    x = torch.ones(25_000_000)
    for _ in range(10):
        x + 1
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        x + 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

tuned = sys.argv[1] == "tuned"
executor = models_thread() if tuned else ThreadPoolExecutor(1)
print(executor.submit(faults).result())
"""


def faults(mode: str) -> int:
    pytest.importorskip("torch")
    answer = subprocess.run([sys.executable, "-c", CODE, mode], capture_output=True, text=True, check=True)
    return int(answer.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is tuned")
def test_pages_are_fetched_once():
    # twenty arrays of 24,414 pages each; tuned, a few may still come from new memory
    assert faults("plain") > 400_000
    assert faults("tuned") < 200_000


def test_elsewhere_nothing_is_done(monkeypatch):
    from napari_zeroseg.backends import allocator

    monkeypatch.setattr(allocator, "_glibc", lambda: None)
    for tune in (allocator.share_one_heap, allocator.keep_freed_memory):
        assert tune.__wrapped__() is False
    allocator.give_back()
