"""Prompts as arrays, sorted into groups that a model can answer together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.sam.frame import averaging

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.backends.sam.frame import Frame
    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.prompt import Prompt

CERTAIN = 10.0
"""Logit of a prior mask inside, and less outside: what SAM 2's own code makes of a binary mask."""


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """Prompts of one layout: as many points each, and all or none with a box and a mask.

    Models see a padding point as a point: prompts of different layouts in one array would change
    each other's answers.

    Parameters
    ----------
    places : tuple of int
        Which of all prompts these are.
    points : ndarray of float32, shape (P, N, 2)
        x and y in the model's pixels.
    labels : ndarray of int64, shape (P, N)
        1 for positive points, 0 for negative ones.
    boxes : ndarray of float32, shape (P, 4), or None
        x0, y0, x1, y1 in the model's pixels.
    masks : ndarray of float32, shape (P, 1, M, M), or None
        Prior masks as logits over the model's square.
    """

    places: tuple[int, ...]
    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    boxes: NDArray[np.float32] | None
    masks: NDArray[np.float32] | None

    @property
    def ambiguous(self) -> bool:
        """Whether the prompts leave open which of nested objects is meant: one point, nothing else.

        For these SAM draws three masks, and the one with the best predicted IoU is taken; for all
        others its first token alone is better (Kirillov et al., "Segment Anything", ICCV 2023,
        section 3, "Resolving ambiguity", and the published predictor's notes on ``multimask_output``).
        """
        return self.points.shape[1] == 1 and self.boxes is None and self.masks is None

    def split(self, most: int) -> Iterator[Questions]:
        """Yield the same in parts of at most so many prompts."""
        for start in range(0, len(self.places), most):
            part = slice(start, start + most)
            boxes = None if self.boxes is None else self.boxes[part]
            masks = None if self.masks is None else self.masks[part]
            yield Questions(self.places[part], self.points[part], self.labels[part], boxes, masks)


def grouped(prompts: Sequence[Prompt], frame: Frame, cells: int) -> list[Questions]:
    """Return the prompts in groups of one layout; those that ask nothing are left out.

    Parameters
    ----------
    prompts : sequence of Prompt
        In the plane's pixels.
    frame : Frame
        Where the plane lies in the model's square.
    cells : int
        Rows and columns of the grid on which the model takes masks.
    """
    layouts: dict[tuple[int, bool, bool], list[tuple[int, Prompt]]] = {}
    for place, prompt in enumerate(map(_placed, prompts)):
        layout = len(prompt.points), prompt.box is not None, prompt.mask is not None
        if any(layout):
            layouts.setdefault(layout, []).append((place, prompt))
    return [_questions(group, frame, cells) for group in layouts.values()]


def _placed(prompt: Prompt) -> Prompt:
    """Return a prompt without an empty mask, and with the box of a mask that comes alone.

    SAM never saw a mask without points or a box when it was trained.
    """
    if prompt.mask is None:
        return prompt
    mask = prompt.mask.trimmed()
    if not mask.area:
        return replace(prompt, mask=None)
    alone = prompt.box is None and not prompt.points
    return replace(prompt, mask=mask, box=mask.box if alone else prompt.box)


def _questions(group: list[tuple[int, Prompt]], frame: Frame, cells: int) -> Questions:
    prompts = [prompt for _, prompt in group]
    points = [[frame.point(point) for point in prompt.points] for prompt in prompts]
    labels = [[int(point.positive) for point in prompt.points] for prompt in prompts]
    boxes = [frame.box(prompt.box) for prompt in prompts if prompt.box is not None]
    masks = [_logits(prompt.mask, frame, cells) for prompt in prompts if prompt.mask is not None]
    return Questions(
        tuple(place for place, _ in group),
        np.array(points, np.float32).reshape(len(prompts), -1, 2),
        np.array(labels, np.int64).reshape(len(prompts), -1),
        np.array(boxes, np.float32) if boxes else None,
        np.array(masks, np.float32)[:, None] if masks else None,
    )


def _logits(mask: Mask, frame: Frame, cells: int) -> NDArray[np.float32]:
    """Return a mask as logits on the model's grid: by how much of each cell it covers."""
    per_row, per_col = frame.cells(cells)
    y, x = (range(part.start, part.stop) for part in mask.slices)
    covered = averaging(cells, y, per_row) @ mask.pixels.astype(np.float32) @ averaging(cells, x, per_col).T
    logits: NDArray[np.float32] = (2 * covered - 1) * np.float32(CERTAIN)
    return logits
