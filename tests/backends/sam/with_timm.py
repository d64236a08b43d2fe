"""EdgeTAM's encoder where timm is at hand and torchvision is not.

timm imports torchvision for the reading of pictures, which no test does; transformers takes timm for
missing without torchvision. Both are told otherwise, after transformers has found that torchvision is
absent, so that nothing else changes its ways. To run what needs timm, from the root of the repository:

    pip install --no-deps --target FOLDER timm
    ZEROSEG_TIMM=FOLDER python -m pytest tests/backends/sam -k edgetam
"""

from __future__ import annotations

import enum
import os
import sys
from importlib.util import find_spec
from unittest.mock import patch

import pytest

from benchmarks.parity._stand_ins import stand_in_for

FOLDER = os.environ.get("ZEROSEG_TIMM", "")


class _InterpolationMode(enum.Enum):
    """The names that timm maps to Pillow's when it is imported."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


def give_timm(folder):
    """Make the timm of a folder one that transformers uses."""
    from transformers.utils import import_utils

    assert not import_utils.is_torchvision_available(), "timm needs no help where torchvision is installed"
    sys.path.append(folder)
    stand_in_for("torchvision")
    import torchvision.transforms.functional as functional

    functional.InterpolationMode = _InterpolationMode
    import timm  # noqa: F401

    import_utils.is_timm_available.cache_clear()
    with patch.object(import_utils, "is_torchvision_available", lambda: True):
        assert import_utils.is_timm_available()  # kept from now on


if FOLDER:
    give_timm(FOLDER)

needs_timm = pytest.mark.skipif(
    find_spec("timm") is None, reason="timm is not installed, and ZEROSEG_TIMM names no folder with it"
)
