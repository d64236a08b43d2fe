"""Which models are loaded, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_loaded: dict[str, Any] = {}


@contextmanager
def resident(name: str, load: Callable[[], Any]) -> Iterator[Any]:
    """Hold a model in memory for the time of a call.

    Parameters
    ----------
    name : str
        What the model is known by; backends that share a model give the same name.
    load : callable
        Reads the weights and returns a ``torch.nn.Module`` on the CPU, in float32; called when
        the model is not in memory.

    Yields
    ------
    torch.nn.Module
        In evaluation mode, on the device that was chosen for it (``next(model.parameters()).device``).
    """
    if name not in _loaded:
        _loaded[name] = load().eval()
    yield _loaded[name]
