"""BLIP-2 as two models, each read without the other: one looks at the image, the other writes.

A caption needs them one after the other, so that a machine need not hold both: at their published
size they take 2.2 and 5.3 GB.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.weights.exact import filled
from napari_zeroseg.backends.weights.reading import read_state
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    State = dict[str, Tensor]

PRECISION = "bfloat16"
"""In which both are held, whatever the files': half of the bytes of float32."""
_BYTES = 2
_WRITER = "language_model."


def split(folder: Path) -> tuple[State, State]:
    """Return the parameters of what looks and of what writes; they stay in their files until used.

    Raises
    ------
    BadFileError
        When a file is damaged.
    """
    state = {k: v for path in sorted(folder.glob("*.safetensors")) for k, v in read_state(path).items()}
    writer = {k.removeprefix(_WRITER): state.pop(k) for k in list(state) if k.startswith(_WRITER)}
    return state, writer


def size_in_memory(state: State) -> int:
    """Return the bytes that a part takes when it is held."""
    return sum(_BYTES * value.numel() for value in state.values())


def looker(folder: Path, state: State) -> Any:
    """Return what makes of pixels (B, 3, side, side) what the writer reads: (B, tokens, width).

    Parameters
    ----------
    folder : Path
        With ``config.json``.
    state : dict of str to Tensor
        Its parameters, from :func:`split`.

    Raises
    ------
    BadFileError
        When they are not exactly those of the configuration.
    """
    return _read(_looker_class(), folder, _config(folder), state)


def writer(folder: Path, state: State) -> Any:
    """Return the language model, ``OPTForCausalLM`` of transformers; parameters as for :func:`looker`."""
    from transformers import OPTForCausalLM

    return _read(OPTForCausalLM, folder, _config(folder).text_config, state)


@cache
def _looker_class() -> Any:
    import torch
    from transformers import Blip2PreTrainedModel, Blip2QFormerModel, Blip2VisionModel

    class Looker(Blip2PreTrainedModel):  # type: ignore[no-untyped-call]
        """All of BLIP-2 but its language model, under the published names."""

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            width = config.qformer_config.hidden_size
            self.vision_model = Blip2VisionModel(config.vision_config)
            self.query_tokens = torch.nn.Parameter(torch.zeros(1, config.num_query_tokens, width))
            self.qformer = Blip2QFormerModel(config.qformer_config)
            self.language_projection = torch.nn.Linear(width, config.text_config.hidden_size)
            self.post_init()  # type: ignore[no-untyped-call]

        def forward(self, pixels: Tensor) -> Tensor:
            image = self.vision_model(pixels).last_hidden_state
            asked = self.query_tokens.expand(len(image), -1, -1)
            answers = self.qformer(query_embeds=asked, encoder_hidden_states=image).last_hidden_state
            read: Tensor = self.language_projection(answers)
            return read

    return Looker


def _config(folder: Path) -> Any:
    from transformers import Blip2Config

    try:
        return Blip2Config.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # a damaged file raises whatever its content leads to
        raise _refused(folder, f"have no configuration that can be read ({error})") from error


def _read(model: Any, folder: Path, config: Any, state: State) -> Any:
    try:
        return filled(model, config, state, dtype=PRECISION)
    except ValueError as error:
        raise _refused(folder, f"are of another model: {error}") from error


def _refused(folder: Path, what: str) -> BadFileError:
    return BadFileError(
        f"The weights in '{folder}' {' '.join(what.split())[:300]}.",
        kept="Nothing was loaded.",
        remedy="Fetch them with: napari-zeroseg models download blip2:opt-2.7b",
    )
