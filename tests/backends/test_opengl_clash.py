"""Triton is bound to its own LLVM where the window has brought another one."""

from __future__ import annotations

import os
import sys

import pytest

from napari_zeroseg.backends import opengl_clash
from napari_zeroseg.backends.opengl_clash import import_triton_apart

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Mesa's LLVM is met on Linux only")


@pytest.fixture
def maps(tmp_path, monkeypatch):
    """A stand-in for triton that notes how it is loaded, and for the list of loaded libraries."""
    (tmp_path / "triton.py").write_text("import sys\nflags = sys.getdlopenflags()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    maps = tmp_path / "maps"
    monkeypatch.setattr(opengl_clash, "MAPS", maps)
    yield maps
    sys.modules.pop("triton", None)


@linux_only
def test_beside_another_llvm_it_binds_to_its_own(maps):
    maps.write_text("7f00-7f01 r-xp 00000000 fe:00 1 /usr/lib/libLLVM-15.so.1\n")
    before = sys.getdlopenflags()
    import_triton_apart()
    assert sys.modules["triton"].flags & os.RTLD_DEEPBIND
    assert sys.getdlopenflags() == before


def test_without_one_nothing_is_imported(maps):
    maps.write_text("7f00-7f01 r-xp 00000000 fe:00 1 /usr/lib/libc.so.6\n")
    import_triton_apart()
    assert "triton" not in sys.modules
