"""Models that write: the likeliest words, the same each time, and an end when nobody waits for more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.core.cancellation import Cancellation, CancelledError, present

if TYPE_CHECKING:
    from torch import Tensor

GREEDY = {
    "do_sample": False,
    "num_beams": 1,
    # the model's own settings for drawing and for beams must be unset, or transformers warns about them
    "early_stopping": None,
    "temperature": None,
    "top_p": None,
    "top_k": None,
}


class StopWhenCancelled:
    """Ends the writing when the work is called off."""

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation

    def __call__(self, input_ids: Tensor, _scores: Any, **_kwargs: Any) -> Tensor:
        import torch

        return torch.full((input_ids.shape[0],), self._cancellation.cancelled, device=input_ids.device)


def written(model: Any, max_tokens: int, **inputs: Any) -> Any:
    """Return what ``model.generate`` does, with at most ``max_tokens`` new tokens, each the likeliest.

    Raises
    ------
    CancelledError
        When the work was called off; the model is asked no further then.
    """
    cancellation = present()
    if cancellation.cancelled:
        raise CancelledError
    answer = model.generate(
        **inputs, **GREEDY, max_new_tokens=max_tokens, stopping_criteria=[StopWhenCancelled(cancellation)]
    )
    if cancellation.cancelled:
        raise CancelledError
    return answer
