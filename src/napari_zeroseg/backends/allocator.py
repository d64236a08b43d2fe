"""The C library's memory, set so that large arrays are not fetched page by page for every operation.

By default glibc gives the memory of every large array back to the system, which clears it page by
page when the next operation asks for as much. Elsewhere than on glibc nothing here does anything.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from typing import Any

# mallopt(3), /usr/include/malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8


@cache
def _glibc() -> Any:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


@cache
def share_one_heap() -> bool:
    """Let threads that start from now on use the heap of the main thread; return whether they will.

    A thread's own heap holds 64 MB at most, and :func:`keep_freed_memory` has no power over what is
    larger. So call this before the thread that computes is started.
    """
    return bool(_glibc() and _glibc().mallopt(_ARENA_MAX, 1))


@cache
def keep_freed_memory() -> bool:
    """Keep the memory of large arrays for the next ones; return whether the C library heeds it."""
    if _glibc() is None:
        return False
    settings = ((_MMAP_THRESHOLD, 1 << 30), (_TRIM_THRESHOLD, (1 << 31) - 1), (_TOP_PAD, 256 << 20))
    return all([_glibc().mallopt(*setting) for setting in settings])  # noqa: C419 - each is to be set


def give_back() -> None:
    """Give the system what is free, after something large has gone."""
    if _glibc() is not None:
        _glibc().malloc_trim(0)
