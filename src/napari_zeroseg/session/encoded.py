"""What is kept of encoded images, in words for a person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_zeroseg.backends import embedding_limits
from napari_zeroseg.backends.embedding_store import Stock
from napari_zeroseg.backends.embeddings import IN_MEMORY, ON_DISK


@dataclass(frozen=True, slots=True)
class Kept:
    """Embeddings on this machine.

    Parameters
    ----------
    folder : Path
        Where those on the disk are.
    on_disk, in_memory : Stock
        How many, and their bytes; in memory those of this program.
    disk_limit, memory_limit : int
        Bytes that they may take.
    """

    folder: Path
    on_disk: Stock
    disk_limit: int
    in_memory: Stock
    memory_limit: int

    def in_short(self) -> str:
        """Return what there is, without where and how much may be."""
        return f"{_amount(self.on_disk)} on the disk; {_size(self.in_memory.bytes)} in memory"

    def in_words(self) -> str:
        """Return one line for the disk and one for the memory."""
        disk = "switched off"
        if self.disk_limit:
            disk = f"{_amount(self.on_disk)} of at most {_size(self.disk_limit)}, in {self.folder}"
        return (
            f"On the disk: {disk}\nIn memory: {_amount(self.in_memory)} of at most {_size(self.memory_limit)}"
        )

    def document(self) -> dict[str, Any]:
        """Return the same for programs, in bytes; a program that only looks has nothing in memory."""
        return {
            "folder": str(self.folder),
            "count": self.on_disk.count,
            "bytes": self.on_disk.bytes,
            "limit": self.disk_limit,
            "memory_limit": self.memory_limit,
        }


def kept() -> Kept:
    """Look at what there is.

    Raises
    ------
    BadLimitError
        When the limits that a person has set cannot be read.
    """
    return Kept(
        embedding_limits.folder(),
        ON_DISK.stock(),
        embedding_limits.on_disk(),
        Stock(len(IN_MEMORY), IN_MEMORY.taken),
        embedding_limits.in_memory(),
    )


def clear() -> str:
    """Remove all embeddings, from the disk and from memory, and say what was there."""
    IN_MEMORY.clear()
    gone = ON_DISK.clear()
    return f"{_amount(gone)} removed from {embedding_limits.folder()}."


def _amount(stock: Stock) -> str:
    images = "image" if stock.count == 1 else "images"
    return f"{stock.count} encoded {images}, {_size(stock.bytes)}"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
