"""What is known of the last few images, so that nothing is found twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from napari_zeroseg.backends.embeddings import content_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_zeroseg.core.image import Plane

T = TypeVar("T")

CACHED_IMAGES = 4


def per_image(find: Callable[[Plane], T]) -> Callable[[Plane], T]:
    """Let a function of an image remember its answers for the last few images, by their pixels."""
    known: OrderedDict[bytes, T] = OrderedDict()
    lock = threading.Lock()

    @wraps(find)
    def remembered(image: Plane) -> T:
        key = content_key(image)
        with lock:
            if key in known:
                known.move_to_end(key)
                return known[key]
        found = find(image)
        with lock:
            known[key] = found
            while len(known) > CACHED_IMAGES:
                known.popitem(last=False)
        return found

    return remembered
