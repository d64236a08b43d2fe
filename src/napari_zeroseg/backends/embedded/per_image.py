"""What is known of the last few images, so that nothing is found twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from napari_zeroseg.backends.embeddings import content_key

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from napari_zeroseg.core.image import Plane

T = TypeVar("T")
P = ParamSpec("P")

CACHED_IMAGES = 4
CACHED_PIXELS = 4_000_000
"""Of larger images together only the last is remembered, as of the tiles of a very large one."""


def per_image(find: Callable[Concatenate[Plane, P], T]) -> Callable[Concatenate[Plane, P], T]:
    """Let a function of an image remember its answers for the last few images, by their pixels.

    What else it is given must be hashable.
    """
    known: OrderedDict[Hashable, T] = OrderedDict()
    pixels: dict[Hashable, int] = {}
    lock = threading.Lock()

    @wraps(find)
    def remembered(image: Plane, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (content_key(image), args, *sorted(kwargs.items()))
        with lock:
            if key in known:
                known.move_to_end(key)
                return known[key]
            # room is made first: of a large image, the one before takes no memory while it is looked at
            size = image.shape[0] * image.shape[1]
            while known and (len(known) >= CACHED_IMAGES or sum(pixels.values()) + size > CACHED_PIXELS):
                del pixels[known.popitem(last=False)[0]]
        found = find(image, *args, **kwargs)
        with lock:
            known[key], pixels[key] = found, size
        return found

    return remembered
