"""The video predictors of SAM 2 and EdgeTAM: objects followed with a memory of their masks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.backends.sam.answers import nothing, windowed
from napari_zeroseg.backends.sam.frame import Frame
from napari_zeroseg.backends.sam.hub import from_hub_folder
from napari_zeroseg.backends.sam.segmenter import as_square

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits, Mask
    from napari_zeroseg.core.sequence import Kind

KEPT = 24
"""Planes whose memory is kept: more than any of the models looks back on (7 masks, 16 pointers)."""


class VideoTracker:
    """Follows objects with the video model whose image part is the segmenter.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its weights; they are loaded at the first plane.
    family : str
        ``"Sam2"`` or ``"EdgeTam"``: what the classes of transformers begin with.
    kinds : tuple of str
        What ``model_type`` may say in the configuration.
    """

    def __init__(self, checkpoint: Checkpoint, family: str, kinds: tuple[str, ...]) -> None:
        self._checkpoint = checkpoint
        self._family = family
        self._kinds = kinds

    def track(self, kind: Kind) -> VideoTrack:  # noqa: ARG002 - a video model knows one kind
        """Return a track; the model takes depth for time, as it learned from videos."""
        return VideoTrack(self)

    @property
    def name(self) -> str:
        """Under which the model is held beside the one for single images."""
        return f"{self._checkpoint.name} (video)"

    def load(self) -> Any:
        return from_hub_folder(self._checkpoint.folder(), f"{self._family}VideoModel", self._kinds)

    def memory(self, device: Any) -> Any:
        """Return an empty memory of a video, an inference session of transformers."""
        import torch
        import transformers

        make = getattr(transformers, f"{self._family}VideoInferenceSession")
        return make(inference_device=device, inference_state_device=device, dtype=torch.float32)


class VideoTrack:
    """Objects that are followed, see :class:`napari_zeroseg.backends.tracking.Track`.

    Planes are the frames of a video in the order in which they are shown, whatever their direction.

    Parameters
    ----------
    tracker : VideoTracker
        The model.
    """

    def __init__(self, tracker: VideoTracker) -> None:
        self._tracker = tracker
        self._memory: Any = None
        self._shown = -1
        self._frame: Frame | None = None
        self._gone: set[int] = set()

    def look(self, image: Plane) -> dict[int, Logits]:
        self._shown += 1
        with resident(self._tracker.name, self._tracker.load) as model:
            self._frame = frame = Frame.stretched((image.shape[0], image.shape[1]), model.image_size)
            self._remember(model, as_square(image, frame))
            if not self._memory.get_obj_num():
                return {}
            found = self._predicted(model)
            return {n: answer for n, answer in found if n not in self._gone}

    def settle(self, masks: Mapping[int, Mask], keys: Collection[int] = ()) -> None:
        """Teach the model the key masks; it keeps its own of all others."""
        told = {number: masks[number] for number in keys}
        self._gone -= told.keys()
        if not told:
            return
        with resident(self._tracker.name, self._tracker.load) as model:
            for number, mask in told.items():
                index = self._memory.obj_id_to_idx(number)
                self._memory.add_mask_inputs(index, self._shown, self._as_square(mask, model))
                self._memory.obj_with_new_inputs.append(number)
            for _ in self._predicted(model):
                pass

    def forget(self, numbers: Collection[int]) -> None:
        # the model's memory has no way to drop one object of several
        self._gone |= set(numbers)

    def _remember(self, model: Any, pixels: Tensor) -> None:
        """Add a frame; of those long past nothing is kept but their number, from which the model counts."""
        device = next(model.parameters()).device
        if self._memory is None:
            self._memory = self._tracker.memory(device)
        memory = self._memory
        memory.add_new_frame(pixels, self._shown)
        if self._shown:
            memory.processed_frames[self._shown - 1] = pixels.new_empty(0)
        for outputs in memory.output_dict_per_obj.values():
            outputs["non_cond_frame_outputs"].pop(self._shown - KEPT, None)

    def _predicted(self, model: Any) -> Iterator[tuple[int, Logits]]:
        """Yield where every object is on the plane that was shown last."""
        assert self._frame is not None
        with inference(next(model.parameters()).device.type):
            output = model(self._memory, frame_idx=self._shown)
        coarse = output.pred_masks[:, 0].float().cpu().numpy()
        there = output.object_score_logits.flatten().float().sigmoid().cpu().numpy()
        for number, logits, score in zip(output.object_ids, coarse, there, strict=True):
            answer = windowed(logits, self._frame, float(score)) if score > 0.5 else nothing()
            yield number, replace(answer, score=answer.score * answer.stability)

    def _as_square(self, mask: Mask, model: Any) -> Tensor:
        """Return a mask on the model's square, shape (1, 1, side, side)."""
        import torch

        assert self._frame is not None
        plane = torch.from_numpy(mask.to_plane(self._frame.shape).astype(np.float32))[None, None]
        side = (model.image_size, model.image_size)
        resized = torch.nn.functional.interpolate(plane, size=side, mode="bilinear", antialias=True)
        return (resized >= 0.5).float()
