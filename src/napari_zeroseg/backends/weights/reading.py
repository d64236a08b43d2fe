"""Checkpoints are read as numbers: nothing that a file says is ever run."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

NESTINGS = ("model", "state_dict")
_REMEDY = "Download the file again from where it was published, as safetensors if there is a choice."


def read_state(path: Path) -> dict[str, Tensor]:
    """Return the parameters that a checkpoint holds, on the CPU.

    Parameters
    ----------
    path : Path
        ``.safetensors``, or what ``torch.save`` wrote. A state that lies under ``"model"`` or
        ``"state_dict"``, as trainers write it, is taken out; what lies beside it is left.

    Returns
    -------
    dict of str to Tensor
        In the file's precision; tensors may read from the file when they are used.

    Raises
    ------
    BadFileError
        When the file is not there, is cut off or damaged, holds no parameters, or holds anything
        that would be run on loading.
    """
    if not path.is_file():
        raise _refused(path, "is not there")
    content = _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)
    state = _unwrapped(content)
    if not _is_state(state):
        raise _refused(path, "holds no table of parameters")
    return dict(state)


def _safetensors(path: Path) -> Any:
    import_triton_apart()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _refused(path, "is damaged or cut off") from error


def _pickled(path: Path) -> Any:
    import_triton_apart()
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except MemoryError:
        raise
    except Exception as error:  # damaged pickles raise whatever their bytes lead to
        raise _refused(path, _why(str(error))) from error


def _why(message: str) -> str:
    """Return what is wrong with a pickle, from the words in which torch refuses it."""
    named = re.search(r"GLOBAL (\w[\w.]*)", message)
    if named:
        return f"asks for '{named[1]}', which could run any program, or is damaged"
    return "is damaged or cut off, or is no checkpoint"


def _unwrapped(content: Any) -> Any:
    for key in NESTINGS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            return content[key]
    return content


def _is_state(content: Any) -> bool:
    import torch

    return (
        isinstance(content, dict)
        and bool(content)
        and all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in content.items())
    )


def _refused(path: Path, what: str) -> BadFileError:
    return BadFileError(f"The checkpoint '{path}' {what}.", kept="Nothing was loaded.", remedy=_REMEDY)
