"""Which models are loaded, and where."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any

from napari_zeroseg.backends import allocator, devices, memory
from napari_zeroseg.backends.catalog import ENTRIES
from napari_zeroseg.backends.memory import NotEnoughMemoryError
from napari_zeroseg.core.cancellation import CancelledError, present


@dataclass(slots=True)
class Held:
    """A model in memory.

    Parameters
    ----------
    name : str
        What it is known by.
    model : torch.nn.Module
        The model itself.
    home : str
        The device on which it computes.
    device : str
        Where it is: moved out, it waits on the CPU.
    size : int
        Bytes of its parameters.
    users : int
        How many calls compute with it now.
    """

    name: str
    model: Any
    home: str
    device: str
    size: int
    users: int = 0


class Residency:
    """Models that are loaded once, kept by use, and moved out when the memory's budget asks."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._lock = RLock()

    @contextmanager
    def resident(self, name: str, load: Callable[[], Any], *, size: int | None = None) -> Iterator[Any]:
        """Hold a model in memory for the time of a call.

        Parameters
        ----------
        name : str
            What the model is known by; backends that share a model give the same name.
        load : callable
            Reads the weights and returns a ``torch.nn.Module`` on the CPU; called when the model
            is not in memory.
        size : int, optional
            Bytes that it takes, about; what the catalog says of the name if not given.

        Yields
        ------
        torch.nn.Module
            In evaluation mode, on the device that was chosen for it
            (``next(model.parameters()).device``). It stays there until the call is over.

        Raises
        ------
        CancelledError
            When the work has been called off before the model was loaded.
        NotEnoughMemoryError
            When it does not fit, even with all others moved out.
        """
        held = self._taken(name, load, expected(name) if size is None else size)
        try:
            yield held.model
        finally:
            self._given_back(held)

    def holdings(self) -> tuple[Held, ...]:
        """Return what is in memory, the latest used last; waits for no load, so any thread may ask."""
        return tuple(self._held.copy().values())

    def release(self) -> None:
        """Drop all models that no call computes with; waits while one is being loaded."""
        with self._lock:
            for held in [h for h in self._held.values() if not h.users]:
                self._drop(held)

    def _taken(self, name: str, load: Callable[[], Any], size: int) -> Held:
        with self._lock:
            held = self._held.get(name)
            if held is None:
                held = self._held[name] = _read(name, load, self._room_for(name, size))
            elif held.device != held.home:
                self._bring_home(held)
            self._held.move_to_end(name)
            held.users += 1
            self._keep_within_budget(held.device)
            return held

    def _given_back(self, held: Held) -> None:
        with self._lock:
            held.users -= 1
            self._keep_within_budget(held.device)

    def _room_for(self, name: str, size: int) -> str:
        """Return the first device that a model fits on, and make room for it there."""
        tried = devices.candidates()
        for device in tried:
            if size <= self._at_most(device):
                self._keep_within_budget(device, size)
                return device
        raise _too_large(name, size, tried)

    def _at_most(self, device: str) -> int:
        """Return the bytes that a new model may take, with all idle ones moved out."""
        idle = sum(h.size for h in self._on(device) if not h.users)
        busy = sum(h.size for h in self._on(device) if h.users)
        chosen = memory.limit(device)
        there = memory.free(device) + idle
        return there if chosen is None else min(there, chosen - busy)

    def _keep_within_budget(self, device: str, coming: int = 0) -> None:
        """Move idle models out, the longest unused first, until the rest and what comes fit.

        Where nothing comes, the one that was used last stays: the next click will ask for it.
        """
        for held in self._on(device)[: None if coming else -1]:
            taken = sum(h.size for h in self._on(device))
            if taken + coming <= memory.budget(device, taken):
                return
            if not held.users:
                self._move_out(held)

    def _on(self, device: str) -> list[Held]:
        return [h for h in self._held.values() if h.device == device]

    def _move_out(self, held: Held) -> None:
        waiting = sum(h.size for h in self._on("cpu"))
        if held.device == "cpu" or waiting + held.size > memory.budget("cpu", waiting):
            self._drop(held)
        else:
            _place(held, "cpu")

    def _bring_home(self, held: Held) -> None:
        """Put a model back where it computes, or let it compute on the CPU while there is no room."""
        if held.size <= self._at_most(held.home):
            self._keep_within_budget(held.home, held.size)
            _place(held, held.home)

    def _drop(self, held: Held) -> None:
        del self._held[held.name]
        held.model = None
        _give_back(held.device)


def expected(name: str) -> int:
    """Return the bytes that the catalog says a model takes; 0 where it says nothing."""
    return max((entry.memory for entry in ENTRIES if entry.answers_to(name)), default=0)


def _read(name: str, load: Callable[[], Any], device: str) -> Held:
    if present().cancelled:
        raise CancelledError
    allocator.keep_freed_memory()
    model = load().eval().to(device)
    return Held(name, model, device, device, size_of(model))


def size_of(model: Any) -> int:
    """Return the bytes of a model's parameters and buffers."""
    return sum(t.nbytes for t in (*model.parameters(), *model.buffers()))


def _place(held: Held, device: str) -> None:
    before, held.device = held.device, device
    held.model = held.model.to(device)
    _give_back(before)


def _give_back(device: str) -> None:
    gc.collect()  # models hold cycles
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
    allocator.give_back()


def _too_large(name: str, size: int, tried: tuple[str, ...]) -> NotEnoughMemoryError:
    found = ", ".join(f"{memory.free(d) / 1e9:.1f} of {memory.total(d) / 1e9:.1f} GB on {d}" for d in tried)
    chosen = any(memory.limit(d) is not None for d in tried)
    return NotEnoughMemoryError(
        f"'{name}' takes about {size / 1e9:.1f} GB of memory; free are {found}.",
        kept="It was not loaded.",
        remedy=(f"{memory.VARIABLE} sets a limit: raise it; or c" if chosen else "C")
        + "lose other programs, or choose a smaller model.",
    )


_RESIDENCY = Residency()
resident, holdings, release = _RESIDENCY.resident, _RESIDENCY.holdings, _RESIDENCY.release
