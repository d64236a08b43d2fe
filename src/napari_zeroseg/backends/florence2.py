"""Florence-2 (Xiao et al., CVPR 2024): captions, and tags from the objects that it names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.generation import written
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.pixels import IMAGENET, squeezed
from napari_zeroseg.backends.pretrained import pretrained, tokenizer_of
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.core.patches import patches
from napari_zeroseg.core.plain_text import plain
from napari_zeroseg.core.suggestion import Tag, united

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.core.image import Plane

SIDE = 768
CAPTION = "What does the image describe?"
OBJECTS = "Locate the objects with category name in the image."
MAX_CAPTION_TOKENS = 64
MAX_OBJECT_TOKENS = 512
MAX_CAPTION = 300
MAX_TAG = 80
_PLACE = re.compile(r"<loc_\d+>")


class Florence2:
    """Fills the roles of tagger and captioner with one model.

    Parameters
    ----------
    checkpoint : Checkpoint
        In the layout of the hub.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def caption(self, image: Plane) -> str:
        """Return one sentence, always the same for the same image.

        Raises
        ------
        MissingBackendError, BadFileError
            When the weights are not there, or are others.
        CancelledError
            When the work was called off.
        """
        folder = self._checkpoint.folder()
        import_triton_apart()
        tokenizer = tokenizer_of(folder)
        with resident(self._checkpoint.name, lambda: _read(folder)) as model:
            tokens, _ = _answer(model, tokenizer, image, CAPTION, MAX_CAPTION_TOKENS)
        return plain(_PLACE.sub(" ", tokenizer.decode(tokens, skip_special_tokens=True)), MAX_CAPTION)

    def tag(self, image: Plane) -> list[Tag]:
        """Return the names of the objects it sees, best first; large images go in patches.

        A tag's score is the probability of its words, the geometric mean over its tokens.

        Raises
        ------
        MissingBackendError, BadFileError, CancelledError
            As in :meth:`caption`.
        """
        folder = self._checkpoint.folder()
        import_triton_apart()
        tokenizer = tokenizer_of(folder)
        with resident(self._checkpoint.name, lambda: _read(folder)) as model:
            return united(
                tag for cut in patches(image.shape[:2]) for tag in _objects(model, tokenizer, image[cut])
            )


def _objects(model: Any, tokenizer: Any, patch: Plane) -> Iterator[Tag]:
    yield from _tags(tokenizer, *_answer(model, tokenizer, patch, OBJECTS, MAX_OBJECT_TOKENS))


def _answer(
    model: Any, tokenizer: Any, image: Plane, question: str, max_tokens: int
) -> tuple[list[int], list[float]]:
    """Return the tokens of the answer and the logarithm of each one's probability."""
    device = next(model.parameters()).device
    with inference(device.type):
        answer = written(
            model,
            max_tokens,
            input_ids=_prompt(model, tokenizer, question).to(device),
            pixel_values=squeezed(image, SIDE, IMAGENET, "bicubic")[None].to(device),
            return_dict_in_generate=True,
            output_logits=True,
        )
        chances = model.compute_transition_scores(answer.sequences, answer.logits, normalize_logits=True)
    start = answer.sequences.shape[1] - chances.shape[1]
    return answer.sequences[0, start:].tolist(), chances[0].float().tolist()


def _prompt(model: Any, tokenizer: Any, question: str) -> Tensor:
    """Return a place for each token of the image, and the question after them, shape (1, length)."""
    import torch

    grid = SIDE // math.prod(model.config.vision_config.patch_stride)
    words = tokenizer(question, add_special_tokens=False)["input_ids"]
    image = [model.config.image_token_id] * (grid**2 + 1)
    return torch.tensor([[*image, tokenizer.bos_token_id, *words, tokenizer.eos_token_id]])


def _tags(tokenizer: Any, tokens: Iterable[int], chances: Iterable[float]) -> Iterator[Tag]:
    """Read "car<loc_5><loc_6><loc_90><loc_80>road<loc_…": each name stands before its places."""
    special = set(tokenizer.all_special_ids)
    name: list[tuple[int, float]] = []
    for token, chance in zip(tokens, chances, strict=True):
        if _PLACE.fullmatch(tokenizer.convert_ids_to_tokens(token) or ""):
            yield from _named(tokenizer, name)
            name = []
        elif token not in special:
            name.append((token, chance))


def _named(tokenizer: Any, name: list[tuple[int, float]]) -> Iterator[Tag]:
    text = plain(tokenizer.decode([token for token, _ in name]), MAX_TAG)
    if text:
        yield Tag(text, math.exp(sum(chance for _, chance in name) / len(name)))


def _read(folder: Path) -> Any:
    from transformers import Florence2ForConditionalGeneration

    return pretrained(Florence2ForConditionalGeneration, folder)
