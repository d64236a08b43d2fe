"""The mask decoder of SAM 2 and what came of it: SAM 3's tracker and EdgeTAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.backends.sam.decoder import SamDecoder, best, drawn, first, taken, taken_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


class Sam2Decoder(SamDecoder):
    """SAM 2's decoder on one image: finer maps, and a check of the mask's stability."""

    quality_token = 1  # after the token that says whether there is an object

    def _output_tokens(self) -> Tensor:
        import torch

        return torch.cat([self._modules.obj_score_token.weight, super()._output_tokens()])

    def _prepare(self, maps: Sequence[Tensor]) -> None:
        self._scales = [taken_apart(features, level) for level, features in enumerate(maps, 1)]

    def _with_finer(self, pixels: Tensor, scale: int) -> Tensor:
        return pixels + self._scales[scale]

    def _draw(
        self, image: Tensor, weights: Tensor, qualities: Tensor, *, ambiguous: bool
    ) -> tuple[Tensor, Tensor]:
        pixels, better = self._pixels(image), best(qualities)
        choice = drawn(pixels, taken(weights, better))
        if ambiguous:
            return choice, taken(qualities, better)
        plain = drawn(pixels, weights[:, 0])
        stable = self._stable(plain)
        token = first(qualities).where(stable, better)
        return plain.where(stable[:, None, None], choice), taken(qualities, token)

    def _stable(self, logits: Tensor) -> Tensor:
        """Whether masks hardly change with the threshold, shape (P,); always where the model does not check.

        An unstable first mask is replaced by the best of the other three (Ravi et al., "SAM 2",
        2024, appendix on the mask decoder; the delta and the threshold are the model's own).
        """
        modules = self._modules
        delta = modules.dynamic_multimask_stability_delta
        inner = (logits > delta).flatten(1).sum(1)
        outer = (logits > -delta).flatten(1).sum(1)
        enough: Tensor = inner >= modules.dynamic_multimask_stability_thresh * outer
        return enough if modules.dynamic_multimask_via_stability else enough.new_ones(enough.shape)
