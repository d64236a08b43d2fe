"""Refiners that ask a language model."""

from __future__ import annotations

from napari_zeroseg.backends.entry import Entry, Role

ENTRIES = (
    Entry(
        Role.REFINER,
        "openai:*",
        "napari_zeroseg.backends.llm.families:openai_refiner",
        "A language model on a server that speaks OpenAI's protocol; sends words, after consent",
        "The server's terms",
        packages=("openai",),
    ),
    Entry(
        Role.REFINER,
        "transformers:*",
        "napari_zeroseg.backends.llm.families:transformers_refiner",
        "A language model on this machine; sends nothing",
        "The model's licence",
        packages=("torch", "transformers"),
    ),
)
