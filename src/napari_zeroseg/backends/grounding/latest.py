"""What a detector computes of the pixels alone, kept for the next question about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.embeddings import content_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_zeroseg.core.image import Plane


class LatestFeatures:
    """The encoding of the image that was last asked for, so that other classes do not compute it again."""

    def __init__(self) -> None:
        self._key: tuple[bytes, Any] | None = None
        self._features: Any = None

    def of(self, image: Plane, device: Any, encode: Callable[[], Any]) -> Any:
        """Return the encoding of an image on a device, computed where it is another than before."""
        key = content_key(image), device
        if key != self._key:
            self._key = self._features = None  # the old one need not lie beside the new one
            self._features, self._key = encode(), key
        return self._features
