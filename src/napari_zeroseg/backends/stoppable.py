"""Networks that can be called off between their layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from napari_zeroseg.core.cancellation import CancelledError, present


@contextmanager
def stoppable() -> Iterator[None]:
    """Let what networks compute in the block end soon after the work has been called off.

    An encoder on a processor takes seconds; a person who clicks meanwhile waits for one layer.

    Raises
    ------
    CancelledError
        Before the next layer when the work has been called off.
    """
    from torch.nn.modules.module import register_module_forward_pre_hook

    cancellation = present()

    def check(_module: object, _inputs: object) -> None:
        if cancellation.cancelled:
            raise CancelledError

    handle = register_module_forward_pre_hook(check)
    try:
        yield
    finally:
        handle.remove()
