"""A tiny sentence encoder of random weights, in the layout of the hub."""

from __future__ import annotations

from pathlib import Path


def write_tiny_bert(path: Path) -> None:
    import torch
    import transformers

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "nucleus", "cell", "dog", "a", "of"]
    (path / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizer(str(path / "vocab.txt")).save_pretrained(path)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, initializer_range=0.5,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(path, safe_serialization=True)
