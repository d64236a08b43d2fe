"""The Qt binding must not corrupt the process in which the session's signals run."""

from __future__ import annotations

import subprocess
import sys

import pytest

# In a process of its own: counts of references are shared by everything in a process.
_SCRIPT = """
import sys
import PySide6.QtCore
from psygnal import Signal

class Source:
    told = Signal(int)

source = Source()
source.told.connect(lambda value: None)
for value in range(2000):
    source.told.emit(value)
before = sys.getrefcount(None)
for value in range(2000):
    source.told.emit(value)
print(before - sys.getrefcount(None))
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_signals_lose_no_reference_to_none() -> None:
    answer = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    assert int(answer.stdout) < 1000
