"""Parameters go into a model of transformers without one left over and without one missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.silence import no_progress_bar

if TYPE_CHECKING:
    from torch import Tensor


def filled(model: Any, config: Any, state: dict[str, Tensor], dtype: str = "float32", **options: Any) -> Any:
    """Return a model with exactly these parameters, on the CPU.

    Parameters
    ----------
    model : type
        A model class of transformers.
    config : PretrainedConfig
        Its sizes.
    state : dict of str to Tensor
        In the key names of the hub; transformers translates them to those of its version.
    dtype : str, optional
        In which precision the parameters are held, whatever the state's.
    **options
        Further arguments of the model.

    Raises
    ------
    ValueError
        When a parameter is missing, unknown or of another shape.
    """
    try:
        with no_progress_bar():
            made, report = model.from_pretrained(
                None, config=config, state_dict=state, output_loading_info=True, dtype=dtype, **options
            )
    except RuntimeError as error:  # shapes
        raise ValueError(str(error)) from error
    strangers = sorted({*report["missing_keys"], *report["unexpected_keys"]})
    if strangers:
        raise ValueError(f"it does not fit at {', '.join(strangers[:3])}")
    return made
