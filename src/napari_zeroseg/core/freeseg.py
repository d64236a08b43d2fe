"""The numbers of the method ``freeseg-diff``, as a part of a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.core.crf import CrfParameters

Count = Annotated[int, Field(ge=2, le=64)]
Weight = Annotated[float, Field(ge=0, le=1000)]
Sigma = Annotated[float, Field(ge=1, le=500)]


class FreeSegParameters(BaseModel):
    """Numbers of the method ``freeseg-diff``.

    Attributes
    ----------
    clusters : int, "candidates" or "silhouette"
        How many clusters: a number; one per candidate class and ``spare_clusters`` more; or the
        number up to ``most_clusters`` whose silhouette is largest.
    spare_clusters : int
        For what belongs to no class.
    most_clusters : int
        Tried by silhouette.
    place_weight : float
        How much places that are far apart differ for being so, against how much they differ in
        features; 0 as published.
    candidates : "accepted" or "caption"
        Look for all accepted classes, or for those alone that a noun of the caption means.
    one_cluster_per_class : bool
        As published: of several clusters with the name of a class only the likeliest keeps it.
    certainty : float
        Probability of a place's label before its neighbours are heard.
    crf_iterations : int
        Rounds of the dense conditional random field that draws masks to edges; 0 leaves it out.
    appearance_weight, appearance_sigma, color_sigma, smoothness_weight, smoothness_sigma : float
        Its kernels (see :class:`~napari_zeroseg.core.crf.CrfParameters`); lengths in pixels of an image
        with ``CRF_SIDE`` pixels on its longer side.
    least_share : float
        Pieces of a mask that are a smaller part of the image are left out.
    seed : int
        Of the random starts of k-means.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    clusters: Count | Literal["candidates", "silhouette"] = "candidates"
    spare_clusters: Annotated[int, Field(ge=0, le=32)] = 4
    most_clusters: Count = 10
    place_weight: Annotated[float, Field(ge=0, le=10)] = 0.5
    candidates: Literal["accepted", "caption"] = "accepted"
    one_cluster_per_class: bool = False
    certainty: Annotated[float, Field(gt=0.5, lt=1)] = 0.9
    crf_iterations: Annotated[int, Field(ge=0, le=100)] = 10
    appearance_weight: Weight = 100.0
    appearance_sigma: Sigma = 20.0
    color_sigma: Annotated[float, Field(ge=0.01, le=2)] = 20 / 255
    smoothness_weight: Weight = 5.0
    smoothness_sigma: Sigma = 20.0
    least_share: Annotated[float, Field(ge=0, le=1)] = 0.0005
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0

    def crf(self, side: int) -> CrfParameters:
        """Return the random field for an image with a longer side of so many pixels."""
        scale = side / CRF_SIDE
        return CrfParameters(
            appearance_weight=self.appearance_weight,
            appearance_sigma=max(1.0, self.appearance_sigma * scale),
            color_sigma=self.color_sigma,
            smoothness_weight=self.smoothness_weight,
            smoothness_sigma=max(1.0, self.smoothness_sigma * scale),
            iterations=self.crf_iterations,
        )


CRF_SIDE = 512
"""The published lengths are of photographs of about this side."""
