"""Makes refiners from the variant in a backend's name."""

from __future__ import annotations

from napari_zeroseg.backends.llm.local_chat import LocalChat
from napari_zeroseg.backends.llm.openai_chat import OpenAIChat
from napari_zeroseg.backends.llm.refiner import LlmRefiner
from napari_zeroseg.backends.llm.servers import choice


def openai_refiner(variant: str) -> LlmRefiner:
    """Return a refiner for ``MODEL[,CHEAP_MODEL][@SERVER]``."""
    chosen = choice(variant)
    scenes = OpenAIChat(chosen.server, chosen.scene_model)
    same = chosen.phrase_model == chosen.scene_model
    phrases = scenes if same else OpenAIChat(chosen.server, chosen.phrase_model)
    return LlmRefiner(scenes, phrases, server=chosen.server.name)


def transformers_refiner(variant: str) -> LlmRefiner:
    """Return a refiner for a model's name on the hub, or the path of its folder."""
    chat = LocalChat(variant)
    return LlmRefiner(chat, chat)
