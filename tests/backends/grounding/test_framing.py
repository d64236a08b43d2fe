"""The image as a detector reads it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.grounding.framing import LEAST_SIDE, Framing

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((480, 640), (800, 1066)),
        ((640, 480), (1066, 800)),
        ((500, 1000), (666, 1332)),  # the longer side limits
        ((512, 512), (800, 800)),
        ((8, 800), (LEAST_SIDE, 100 * LEAST_SIDE)),
    ],
)
def test_the_short_side_is_800_unless_the_long_one_would_be_over_1333(shape, expected):
    assert Framing().size(*shape) == expected


def test_pixels_agree_with_the_image_processor_of_transformers():
    transformers = pytest.importorskip("transformers")
    processor = transformers.GroundingDinoImageProcessorPil(
        size={"shortest_edge": 90, "longest_edge": 150}, do_pad=False
    )
    smooth = np.linspace(0, 1, 200, dtype=np.float32)
    plane = np.stack(np.broadcast_arrays(smooth[:120, None], smooth[None, :160], np.float32(0.5)), axis=-1)
    bytes_ = np.round(plane * 255).astype(np.uint8)
    theirs = processor(bytes_, return_tensors="np")["pixel_values"]
    ours = Framing(90, 150).tensor(bytes_.astype(np.float32) / np.float32(255), "cpu").numpy()
    assert ours.shape == theirs.shape == (1, 3, 90, 120)
    assert np.abs(ours - theirs).max() < 1.1 / 255 / min(Framing().std)  # Pillow rounds to bytes


def test_settings_beside_the_model_win(dino_folder, tmp_path):
    assert Framing.read(dino_folder).shortest == 64
    assert Framing.read(tmp_path) == Framing()
