"""Large arrays on the models' thread do not fetch their memory page by page."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from napari_zeroseg.backends import allocator

CODE = """
import ctypes, resource, sys, threading
from concurrent.futures import ThreadPoolExecutor
from napari_zeroseg.backends import allocator
from napari_zeroseg.session.runner import models_thread

def faults():
    if tuned:
        assert allocator.keep_freed_memory()
    libc = allocator._glibc()
    libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        array = libc.malloc(100_000_000)
        libc.memset(array, 1, 100_000_000)
        libc.free(array)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

tuned = sys.argv[1] == "tuned"
together = threading.Barrier(8)
others = [threading.Thread(target=together.wait) for _ in range(8)]  # leave heaps of their own behind
[thread.start() for thread in others]
[thread.join() for thread in others]
executor = models_thread() if tuned else ThreadPoolExecutor(1)
print(executor.submit(faults).result(), threading.active_count())
"""
glibc_only = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is tuned")


def faults(mode: str) -> int:
    answer = subprocess.run([sys.executable, "-c", CODE, mode], capture_output=True, text=True, check=True)
    count, threads = map(int, answer.stdout.split())
    assert threads == 2  # those that were tried are gone
    return count


@glibc_only
def test_pages_are_fetched_once():
    # in ratio, for how large a page is depends on the system
    assert faults("tuned") < faults("plain") / 5


@glibc_only
def test_the_main_thread_is_on_the_main_heap():
    assert allocator._on_main_heap()


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(allocator, "_glibc", lambda: None)
    assert allocator.keep_freed_memory.__wrapped__() is False
    allocator.give_back()
    with allocator.thread_on_main_heap("plain") as executor:
        assert executor.submit(lambda: 1).result() == 1


def test_another_allocator_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocator, "_glibc", object)
    monkeypatch.setattr(allocator, "_on_main_heap", lambda: False)
    allocator.thread_on_main_heap("plain").shutdown()
