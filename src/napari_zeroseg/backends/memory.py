"""How much memory the devices have, and how much of it models may take."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec

from napari_zeroseg.backends.cgroup import tightest
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.core.errors import MissingBackendError, ZeroSegError

VARIABLE = "NAPARI_ZEROSEG_MEMORY"
SHARE = 0.6
"""What models that are kept may take of what is free: images and results need room too."""
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class NotEnoughMemoryError(MissingBackendError):
    """A model does not fit into the memory there is."""


class BadLimitError(ZeroSegError):
    """A limit on memory that cannot be read."""


def free(device: str) -> int:
    """Return the bytes that are free on a device; of the system's memory where it has none of its own."""
    if device.startswith("cuda"):
        import torch

        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + idle
    import psutil

    available, limited = int(psutil.virtual_memory().available), tightest()
    return min(available, limited.free) if limited else available


def total(device: str) -> int:
    """Return the bytes that a device has."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[1])
    import psutil

    there, limited = int(psutil.virtual_memory().total), tightest()
    return min(there, limited.total) if limited else there


def total_of_accelerator() -> int:
    """Return the bytes of a graphics card, or 0 where there is none or torch cannot tell."""
    if find_spec("torch") is None:
        return 0
    import_triton_apart()
    import torch

    return total("cuda") if torch.cuda.is_available() else 0


def limit(device: str) -> int | None:
    """Return the bytes that a person lets models take on a device, or None.

    ``$NAPARI_ZEROSEG_MEMORY`` holds one size for each device, ``8GB``, or several:
    ``cuda=10GB, cpu=4GB``.

    Raises
    ------
    BadLimitError
        When it holds something else.
    """
    sizes = limits(os.environ.get(VARIABLE, ""))
    return sizes.get(device.partition(":")[0], sizes.get(""))


def limits(text: str) -> dict[str, int]:
    """Read sizes by device, with ``""`` for all others; see :func:`limit`."""
    parts = (part.rpartition("=") for part in text.split(",") if part.strip())
    return {device.strip().lower(): _size(size) for device, _, size in parts}


def _size(text: str) -> int:
    read = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(I?)B?", text.strip().upper())
    if read is None:
        raise BadLimitError(
            f"'{text.strip()}' is no size of memory.",
            remedy=f"Write {VARIABLE}=8GB, or for each device: {VARIABLE}=cuda=10GB,cpu=4GB",
        )
    size = float(read[1]) * _UNITS[read[2]]
    return int(size * 1.024 ** "KMGT".index(read[2]) * 1.024 if read[3] and read[2] else size)


def budget(device: str, held: int) -> int:
    """Return the bytes that models which are kept may take on a device that holds some already."""
    chosen = limit(device)
    return int(SHARE * (free(device) + held)) if chosen is None else chosen
