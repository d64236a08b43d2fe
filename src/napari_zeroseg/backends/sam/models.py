"""The segmenters, one class per kind of network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.prompted_tracker import PromptedTracker
from napari_zeroseg.backends.sam import tiny_vit
from napari_zeroseg.backends.sam.decoder import SamDecoder
from napari_zeroseg.backends.sam.frame import Frame
from napari_zeroseg.backends.sam.hq_decoder import HqDecoder, early_features
from napari_zeroseg.backends.sam.hub import from_hub_folder
from napari_zeroseg.backends.sam.official import read_mobile, read_official
from napari_zeroseg.backends.sam.precision import keep_precise
from napari_zeroseg.backends.sam.sam2_decoder import Sam2Decoder
from napari_zeroseg.backends.sam.segmenter import PromptableSegmenter
from napari_zeroseg.backends.sam.video import VideoTracker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from napari_zeroseg.backends.tracking import Tracker


class Sam(PromptableSegmenter):
    """SAM (Kirillov et al., ICCV 2023), from the hub's files or the published ``.pth``."""

    kind = "Sam"
    model_types: tuple[str, ...] = ("sam",)

    def _load(self) -> Any:
        model = self._read(self._checkpoint.folder())
        keep_precise(model.vision_encoder)
        return model

    def _read(self, folder: Path) -> Any:
        published = [f.name for f in self._checkpoint.weights.files if f.name.endswith(".pth")]
        if published:
            return read_official(folder / published[0], self.kind)
        return from_hub_folder(folder, f"{self.kind}Model", self.model_types)

    def _frame(self, shape: tuple[int, int], side: int) -> Frame:
        return Frame.padded(shape, side)

    def _encode(self, model: Any, pixels: Tensor) -> Sequence[Tensor]:
        return [model.vision_encoder(pixels).last_hidden_state]

    def _decoder(self, model: Any, maps: Sequence[Tensor]) -> SamDecoder:
        return SamDecoder(model, maps)


class SamHq(Sam):
    """SAM-HQ (Ke et al., NeurIPS 2023), from the hub's files or the published ``.pth``."""

    kind = "SamHQ"
    model_types = ("sam_hq",)

    def _encode(self, model: Any, pixels: Tensor) -> Sequence[Tensor]:
        encoded = model.vision_encoder(pixels)
        embedding = encoded.last_hidden_state
        return [embedding, early_features(model, embedding, encoded.intermediate_embeddings[0])]

    def _decoder(self, model: Any, maps: Sequence[Tensor]) -> SamDecoder:
        return HqDecoder(model, maps)


class MobileSam(Sam):
    """MobileSAM (Zhang et al., 2023): SAM's decoder on a small encoder, from the published ``.pt``."""

    def _load(self) -> Any:
        return read_mobile(self._checkpoint.folder() / self._checkpoint.weights.files[0].name)

    def _encode(self, model: Any, pixels: Tensor) -> Sequence[Tensor]:
        return [tiny_vit.encode(model.vision_encoder, pixels)]


class Sam2(PromptableSegmenter):
    """SAM 2.1 (Ravi et al., 2024) on single images, and with its memory on many."""

    model_class = "Sam2Model"
    follows = "Sam2"
    model_types: tuple[str, ...] = ("sam2", "sam2_video")

    def tracker(self) -> Tracker:
        """Return what follows objects from plane to plane: the video model, where its files hold one."""
        if self.follows:
            return VideoTracker(self._checkpoint, self.follows, self.model_types)
        return PromptedTracker(self)

    def _load(self) -> Any:
        return from_hub_folder(self._checkpoint.folder(), self.model_class, self.model_types)

    def _frame(self, shape: tuple[int, int], side: int) -> Frame:
        return Frame.stretched(shape, side)

    def _encode(self, model: Any, pixels: Tensor) -> Sequence[Tensor]:
        finest, finer, embedding = model.get_image_embeddings(pixels)
        return [embedding, finer, finest]

    def _decoder(self, model: Any, maps: Sequence[Tensor]) -> SamDecoder:
        return Sam2Decoder(model, maps)


class Sam3Tracker(Sam2):
    """SAM 3 (Carion et al., 2025) asked with points, boxes and masks, on single images."""

    model_class = "Sam3TrackerModel"
    follows = ""
    model_types = ("sam3_video",)
    statistics = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class EdgeTam(Sam2):
    """EdgeTAM (Zhou et al., CVPR 2025): SAM 2 with an encoder for small devices."""

    model_class = "EdgeTamModel"
    follows = "EdgeTam"
    model_types = ("edgetam", "edgetam_video")
