"""Embeddings on the disk, which outlive the program: one zipped zarr group each, named by its content."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.backends import embedding_limits
from napari_zeroseg.backends.sam.embedding import ImageEmbedding
from napari_zeroseg.backends.sam.frame import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)

SUFFIX, PART = ".zarr.zip", ".part-"
MOST_BYTES = 1 << 28
"""No embedding is larger; a file that says so is damaged, or not ours."""

Length = Annotated[int, Field(ge=1, le=1 << 20)]


class Header(BaseModel):
    """What stands beside the arrays of an embedding.

    Parameters
    ----------
    version : int
        Of this layout.
    key : str
        What the file is named by; another one means that it was renamed.
    shape, filled : tuple of int
        Height and width of the plane, and of the plane in the model's square.
    side : int
        Of the square.
    maps : int
        Number of arrays, ``map0`` on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    key: str
    shape: tuple[Length, Length]
    side: Length
    filled: tuple[Length, Length]
    maps: Annotated[int, Field(ge=1, le=8)]


@dataclass(frozen=True, slots=True)
class Stock:
    """How many embeddings there are, and their bytes."""

    count: int
    bytes: int


class EmbeddingStore:
    """A folder of embeddings within a limit; the longest unused make room.

    Parameters
    ----------
    folder : callable
        Says where; the folder need not be there.
    limit : callable
        Says how many bytes may lie there; 0 switches the store off.
    """

    def __init__(
        self,
        folder: Callable[[], Path] = embedding_limits.folder,
        limit: Callable[[], int] = embedding_limits.on_disk,
    ) -> None:
        self._folder = folder
        self._limit = limit

    def read(self, key: str) -> ImageEmbedding | None:
        """Return an embedding, or None; what is damaged is dropped, to be computed again."""
        if not self._limit() or not (path := self._path(key)).is_file():
            return None
        try:
            found = _read(path, key)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it can be made again
            _log.warning("The embedding '%s' is damaged and is computed again: %s", path, error)
            _remove(path)
            return None
        with suppress(OSError):
            os.utime(path)  # it is the last to make room now
        return found

    def write(self, key: str, embedding: ImageEmbedding) -> None:
        """Keep an embedding; one that cannot be kept is computed again another time."""
        if not 0 < embedding.nbytes <= min(self._limit(), MOST_BYTES):
            return
        try:
            self._folder().mkdir(parents=True, exist_ok=True)
            _write(self._path(key), key, embedding)
            self._make_room()
        except OSError as error:
            _log.warning("An embedding is not kept in '%s': %s", self._folder(), error)

    def stock(self) -> Stock:
        """Return what lies there."""
        sizes = [size for _, size, _ in self._files()]
        return Stock(len(sizes), sum(sizes))

    def clear(self) -> Stock:
        """Remove all embeddings and return what was there; other files are left alone."""
        before = self.stock()
        for _, _, path in self._files():
            _remove(path)
        for part in self._folder().glob(f"{PART}*"):
            _remove(part)
        return before

    def _path(self, key: str) -> Path:
        return self._folder() / f"{key}{SUFFIX}"

    def _files(self) -> list[tuple[float, int, Path]]:
        """Return time of the last use, bytes and path of all embeddings, the longest unused first."""
        found = []
        for path in self._folder().glob(f"*{SUFFIX}"):
            with suppress(OSError):  # another program has just removed it
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        return sorted(found)

    def _make_room(self) -> None:
        files, limit = self._files(), self._limit()
        taken = sum(size for _, size, _ in files)
        for _, size, path in files:
            if taken <= limit:
                return
            _remove(path)
            taken -= size


def _write(path: Path, key: str, embedding: ImageEmbedding) -> None:
    """Write a file that is whole or not there."""
    handle, name = tempfile.mkstemp(prefix=PART, dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        _fill(part, key, embedding)
        part.replace(path)
    finally:
        _remove(part)


def _fill(path: Path, key: str, embedding: ImageEmbedding) -> None:
    import zarr

    frame = embedding.frame
    header = Header(
        key=key, shape=frame.shape, side=frame.side, filled=frame.filled, maps=len(embedding.maps)
    )
    with zarr.storage.ZipStore(path, mode="w") as store:
        group = zarr.create_group(store, zarr_format=3, attributes=header.model_dump(mode="json"))
        for number, features in enumerate(embedding.maps):
            # floats of a network hardly shrink; and what is not packed cannot unpack to more than it is
            group.create_array(f"map{number}", data=features, chunks=features.shape, compressors=None)


def _read(path: Path, key: str) -> ImageEmbedding:
    import zarr

    if path.stat().st_size > 2 * MOST_BYTES:
        raise ValueError("it is too large")
    with zarr.storage.ZipStore(path, mode="r") as store:
        group = zarr.open_group(store, mode="r", zarr_format=3)
        header = Header.model_validate(dict(group.attrs))
        if header.key != key:
            raise ValueError("it belongs to another image or model")
        maps = tuple(_features(group, f"map{number}") for number in range(header.maps))
    return ImageEmbedding(Frame(header.shape, header.side, header.filled), maps)


def _features(group: Any, name: str) -> NDArray[np.float32]:
    from zarr.codecs import BytesCodec

    array = group[name]
    plain = all(isinstance(codec, BytesCodec) for codec in array.metadata.codecs)
    if array.dtype != "float32" or array.ndim != 3 or array.nbytes > MOST_BYTES or not plain:
        raise ValueError(f"'{name}' is {array.dtype} of shape {array.shape}")
    if array.nchunks_initialized != array.nchunks:
        raise ValueError(f"'{name}' is not complete")
    values: NDArray[np.float32] = array[:]
    return values


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
