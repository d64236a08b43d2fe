"""A chat model of a few thousand random weights in llama.cpp's file format, made on the spot.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 3.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

WIDTH, HIDDEN, HEADS = 32, 64, 2
CONTEXT = 8192
ALIGNMENT = 32
UINT32, FLOAT32, STRING, ARRAY, INT32 = 4, 6, 8, 9, 5
UNKNOWN, CONTROL, BYTE = 2, 3, 6  # kinds of tokens
TENSOR_FLOAT32 = 0

TOKENS = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
KINDS = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256]


def write_tiny_gguf(path: Path) -> None:
    """Write a Llama of one layer whose tokens are single bytes."""
    entries, tensors = _entries(), _tensors()
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries)
    offset, data = 0, b""
    for name, values in tensors.items():
        shape = values.shape[::-1]  # the fastest axis comes first
        head += _text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += struct.pack("<IQ", TENSOR_FLOAT32, offset)
        data += _padded(values.tobytes())
        offset = len(data)
    path.write_bytes(_padded(head) + data)


def _entries() -> list[bytes]:
    numbers = {
        "llama.block_count": 1,
        "llama.context_length": CONTEXT,
        "llama.embedding_length": WIDTH,
        "llama.feed_forward_length": HIDDEN,
        "llama.attention.head_count": HEADS,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }
    return [
        _entry("general.architecture", STRING, _text("llama")),
        _entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)),
        *(_entry(key, UINT32, struct.pack("<I", number)) for key, number in numbers.items()),
        _entry("tokenizer.ggml.model", STRING, _text("llama")),
        _list("tokenizer.ggml.tokens", STRING, [_text(token) for token in TOKENS]),
        _list("tokenizer.ggml.scores", FLOAT32, [struct.pack("<f", 0)] * len(TOKENS)),
        _list("tokenizer.ggml.token_type", INT32, [struct.pack("<i", kind) for kind in KINDS]),
    ]


def _tensors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)

    def random(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.2, shape).astype("<f4")

    ones = np.ones(WIDTH, "<f4")
    return {
        "token_embd.weight": random(len(TOKENS), WIDTH),
        "output_norm.weight": ones,
        "output.weight": random(len(TOKENS), WIDTH),
        "blk.0.attn_norm.weight": ones,
        **{f"blk.0.attn_{part}.weight": random(WIDTH, WIDTH) for part in ("q", "k", "v", "output")},
        "blk.0.ffn_norm.weight": ones,
        "blk.0.ffn_gate.weight": random(HIDDEN, WIDTH),
        "blk.0.ffn_up.weight": random(HIDDEN, WIDTH),
        "blk.0.ffn_down.weight": random(WIDTH, HIDDEN),
    }


def _entry(key: str, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _list(key: str, kind: int, values: Sequence[bytes]) -> bytes:
    return _entry(key, ARRAY, struct.pack("<IQ", kind, len(values)) + b"".join(values))


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)
