"""Segmenters from folders in the layout of the hub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.pretrained import pretrained
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


def from_hub_folder(folder: Path, class_name: str, kinds: Collection[str]) -> Any:
    """Return a model with the weights of a folder, in float32 on the CPU.

    Parameters
    ----------
    folder : Path
        With ``config.json`` and ``model.safetensors``.
    class_name : str
        Of the model in transformers.
    kinds : collection of str
        What ``model_type`` may say in the configuration. Some models are read from the files of
        larger ones, so transformers itself does not insist.

    Raises
    ------
    BadFileError
        When the folder holds another kind of model, or a file that is damaged, or not exactly the
        model's weights.
    """
    _check_kind(folder / "config.json", kinds)
    import_triton_apart()
    import transformers

    return pretrained(getattr(transformers, class_name), folder, nothing_left=True)


def _check_kind(path: Path, kinds: Collection[str]) -> None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused(path, "is no configuration of a model") from error
    if found not in kinds:
        raise _refused(path, f"tells of a model of the kind '{found}', not '{min(kinds)}'")


def _refused(path: Path, what: str) -> BadFileError:
    return BadFileError(
        f"'{path}' {what}.",
        kept="Nothing was loaded.",
        remedy="Remove the folder and download the model again.",
    )
