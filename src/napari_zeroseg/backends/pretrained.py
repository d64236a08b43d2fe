"""Models of transformers, from a folder in the layout of the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.silence import no_progress_bar
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_NAMED = 3  # keys that a message names


def pretrained(model_class: Any, folder: Path, dtype: str = "float32", *, nothing_left: bool = False) -> Any:
    """Return a model with the weights of a folder, on the CPU.

    Parameters
    ----------
    model_class : type
        Of transformers, with ``from_pretrained``.
    folder : Path
        Holds ``config.json`` and ``model.safetensors``, or its parts.
    dtype : str, optional
        In which precision the parameters are held, whatever the file's.
    nothing_left : bool, optional
        Whether parameters that the model has no place for are refused too.

    Raises
    ------
    BadFileError
        When a file is damaged, or is of another model: parameters are missing, of other shapes, or
        left over.
    """
    try:
        with no_progress_bar():
            model, report = model_class.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
                dtype=dtype,
            )
    except MemoryError:
        raise
    except Exception as error:  # a damaged file raises whatever its bytes lead to
        raise _refused(folder, f"could not be read ({_first_line(error)})") from error
    _check_none(folder, report["missing_keys"], "are missing")
    _check_none(folder, report["unexpected_keys"] if nothing_left else (), "have no place in it")
    return model


def _check_none(folder: Path, names: Collection[str], what: str) -> None:
    if names:
        named = ", ".join(sorted(names)[:_NAMED])
        raise _refused(folder, f"are of another model: {len(names)} parameters {what} ({named})")


def tokenizer_of(folder: Path, tokenizer_class: Any = None) -> Any:
    """Return the tokenizer in a folder, or raise BadFileError.

    Parameters
    ----------
    folder : Path
        Holds the tokenizer's files.
    tokenizer_class : type, optional
        Of transformers; the one that the files name if not given.
    """
    from transformers import AutoTokenizer

    try:
        return (tokenizer_class or AutoTokenizer).from_pretrained(folder, local_files_only=True)
    except Exception as error:  # as above
        raise _refused(folder, f"have no tokenizer that can be read ({_first_line(error)})") from error


def _refused(path: Path, what: str) -> BadFileError:
    return BadFileError(
        f"The weights in '{path}' {what}.",
        kept="Nothing was loaded.",
        remedy="Remove them and download the model again.",
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
