"""Where models compute, and in which precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


def chosen() -> str:
    """Return the best device of this machine: ``"cuda"``, ``"mps"`` or ``"cpu"``."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@contextmanager
def inference(device: str) -> Iterator[None]:
    """Compute without gradients, in the precision that is safe and fast on the device."""
    import torch

    with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        yield
