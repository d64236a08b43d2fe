"""The C library's memory, set so that large arrays are not fetched page by page for every operation.

By default glibc gives the memory of every large array back to the system, which clears it page by
page when the next operation asks for as much. Elsewhere than on glibc nothing here does anything.
"""

from __future__ import annotations

import ctypes
import platform
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

# mallopt(3), /usr/include/malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
_PROBE = 100_000  # bytes: too many for a thread's cache, too few to be mapped on their own
_TRIES = 64


@cache
def _glibc() -> Any:
    if platform.libc_ver()[0] != "glibc":
        return None
    library = ctypes.CDLL(None)
    library.malloc.argtypes, library.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    library.free.argtypes, library.free.restype = [ctypes.c_void_p], None
    library.sbrk.argtypes, library.sbrk.restype = [ctypes.c_ssize_t], ctypes.c_void_p
    return library


@cache
def keep_freed_memory() -> bool:
    """Keep the memory of large arrays for the next ones; return whether the C library heeds it."""
    if _glibc() is None:
        return False
    settings = ((_MMAP_THRESHOLD, 1 << 30), (_TRIM_THRESHOLD, (1 << 31) - 1), (_TOP_PAD, 256 << 20))
    return all([_glibc().mallopt(*setting) for setting in settings])  # noqa: C419 - each is to be set


def thread_on_main_heap(name: str) -> ThreadPoolExecutor:
    """Return an executor with one thread for which :func:`keep_freed_memory` works.

    A thread mostly has a heap of its own, which holds 64 MB at most; what is larger is mapped and
    unmapped each time, whatever is set. glibc is told to make no further heaps, and hands out
    those of threads that have ended before the main one: so threads are started until one has it.
    """
    if _glibc() is None or not _on_main_heap():  # another allocator is loaded in its place
        return ThreadPoolExecutor(1, name)
    _glibc().mallopt(_ARENA_MAX, 1)
    tried = [ThreadPoolExecutor(1, name)]
    while not tried[-1].submit(_on_main_heap).result() and len(tried) < _TRIES:
        tried.append(ThreadPoolExecutor(1, name))
    for other in tried[:-1]:
        other.shutdown(wait=False)
    return tried[-1]


def _on_main_heap() -> bool:
    """Return whether what the calling thread allocates lies below the program's break."""
    address, end = _glibc().malloc(_PROBE), _glibc().sbrk(0)
    _glibc().free(address)
    return bool(_heap_start() <= (address or 0) < end)


@cache
def _heap_start() -> int:
    lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    heap = next((line for line in lines if line.endswith("[heap]")), "0-0")
    return int(heap.partition("-")[0], 16)


def give_back() -> None:
    """Give the system what is free, after something large has gone."""
    if _glibc() is not None:
        _glibc().malloc_trim(0)
