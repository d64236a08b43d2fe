"""Small features with a truth that can be learned from them."""

from __future__ import annotations

import numpy as np

from napari_zeroseg.backends.lmseg.head import Card, Head
from napari_zeroseg.backends.lmseg.sizes import Sizes
from napari_zeroseg.backends.lmseg.training import Learned, Lesson, learn

VECTORS = np.eye(3, dtype=np.float32)
SIZES = Sizes(dense=3, detail=4, hidden=16, joint=8, token=8, guide=4, fine=4)


def lesson(seed: int, shape: tuple[int, int] = (24, 20)) -> Lesson:
    """Two classes on a ground: the words see nothing, the detail tells them apart."""
    lots = np.random.default_rng(seed)
    labels = np.zeros(shape, int)
    labels[4:12, 4:16], labels[14:22, 2:10] = 1, 2
    truth = np.moveaxis(np.eye(3, dtype=np.float32)[labels], 2, 0)
    detail = np.stack([labels == 1, labels == 2, labels > 0, labels < 0], axis=-1).astype(np.float32)
    noise = lots.normal(0, 0.2, detail.shape).astype(np.float32)
    return Lesson(np.full((*shape, 3), 0.1, np.float32), detail + noise, np.ascontiguousarray(truth))


def learned(seed: int = 0, images: int = 3) -> list[Learned]:
    lessons = [lesson(number) for number in range(images)]
    return list(learn(lessons, VECTORS, SIZES, seed=seed, upright=False))


def card(**other: object) -> Card:
    known = {
        "classes": ("cell", "rim"),
        "encoder": "embedded:regions",
        "detail": "embedded:scales",
        "grid": 256,
        "sizes": SIZES,
        "images": 3,
        "seed": 0,
        "upright": False,
        "epochs": 1,
        "score": 0.9,
        "before": 0.1,
    }
    return Card(**(known | other))


def head() -> Head:
    """A head that learned nothing yet."""
    import torch

    from napari_zeroseg.backends.lmseg import network

    torch.manual_seed(0)
    return Head.of(card(), network.build(SIZES).state_dict())
