"""Lets torch's compiler be imported in a process whose window is drawn with another LLVM."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

MAPS = Path("/proc/self/maps")


def import_triton_apart() -> None:
    """Import triton, which torch and transformers import, bound to its own LLVM.

    Mesa, which draws OpenGL on most Linux machines without an NVIDIA card, loads libLLVM with all
    its symbols in sight. Triton carries an LLVM of another version; its calls end in Mesa's, and
    the process dies with a segmentation fault. Call this before the first import of torch.
    """
    if "triton" in sys.modules or not _opengl_has_llvm() or find_spec("triton") is None:
        return
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
    try:
        import_module("triton")
    except ImportError:
        return  # torch does without it
    finally:
        sys.setdlopenflags(flags)


def _opengl_has_llvm() -> bool:
    return MAPS.is_file() and "libLLVM" in MAPS.read_text(encoding="utf-8", errors="replace")
