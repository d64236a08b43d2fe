"""Where models compute, and in which precision."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from napari_zeroseg.core.errors import MissingBackendError

VARIABLE = "NAPARI_ZEROSEG_DEVICE"


def available() -> tuple[str, ...]:
    """Return the devices of this machine, the fastest first: of ``"cuda"``, ``"mps"`` and ``"cpu"``."""
    import torch

    cuda = ("cuda",) if torch.cuda.is_available() else ()
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return (*cuda, *mps, "cpu")


def chosen() -> str:
    """Return the device for models: the user's choice in ``$NAPARI_ZEROSEG_DEVICE``, or the fastest.

    Raises
    ------
    MissingBackendError
        When the user's choice is not on this machine.
    """
    wanted, there = os.environ.get(VARIABLE, "").strip().lower(), available()
    if wanted.partition(":")[0] not in ("", *there):
        raise MissingBackendError(
            f"The device '{wanted}' was chosen, but this machine has: {', '.join(there)}.",
            remedy=f"Choose one of them, or unset {VARIABLE}.",
        )
    return wanted or there[0]


def candidates() -> tuple[str, ...]:
    """Return the devices to try for a model, in order: the user's choice alone, or all there are."""
    return (chosen(),) if os.environ.get(VARIABLE, "").strip() else available()


def computes_bfloat16(device: str) -> bool:
    """Return whether a device computes with bfloat16 itself, which is then faster than float32."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.get_device_capability(device)[0] >= 8
    return device == "cpu" and _processor_has_bfloat16()


def _processor_has_bfloat16() -> bool:
    import torch

    told = getattr(torch.cpu, "get_capabilities", dict[str, bool])()  # older versions of torch do not say
    return any(told.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


@contextmanager
def inference(device: str, *, bfloat16_on_cpu: bool = False) -> Iterator[None]:
    """Compute without gradients, in the precision that is safe and fast on the device.

    Parameters
    ----------
    device : str
        Where the model is.
    bfloat16_on_cpu : bool
        Whether the model was found to answer as well in bfloat16; heeded where the processor
        has it. On CUDA it is used for all models, as they were trained with it.
    """
    import torch

    kind = device.partition(":")[0]
    wanted = kind == "cuda" or (kind == "cpu" and bfloat16_on_cpu)
    narrow = wanted and computes_bfloat16(device)
    # older versions of torch refuse the very word autocast on some devices
    with torch.inference_mode(), torch.autocast(kind, torch.bfloat16) if narrow else nullcontext():
        yield


def precision(device: str) -> str:
    """Return a word for the kind of numbers that models of the device compute with, where they may."""
    return f"{device.partition(':')[0]}{'-bfloat16' if computes_bfloat16(device) else ''}"
