"""Which language models can be chosen, and how a choice is named in a recipe and to a person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from napari_zeroseg.backends.llm.keys import store_key
from napari_zeroseg.backends.llm.local_chat import SUGGESTED
from napari_zeroseg.backends.llm.openai_chat import Limits, OpenAIChat
from napari_zeroseg.backends.llm.problems import BadServerError, ChatError
from napari_zeroseg.backends.llm.servers import PRESETS, choice, server_at
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.remote_models import title_of

_SOON = Limits(connect_s=3.0, request_s=10.0, retries=0)  # a list of models is there at once or not at all
_TITLES = {
    "openai": "OpenAI",
    "ollama": "Ollama",
    "vllm": "vLLM",
    "lmstudio": "LM Studio",
    "llamacpp": "llama.cpp",
}
SUGGESTED_LOCAL_MODEL = SUGGESTED


@dataclass(frozen=True, slots=True)
class Preset:
    """A server that many people use."""

    title: str
    url: str


SERVER_PRESETS = tuple(Preset(title, PRESETS[name].url) for name, title in _TITLES.items())


def takes_key(url: str) -> bool:
    """Return whether a key can be kept for the server at an address."""
    return all(preset.key_variable for preset in PRESETS.values() if preset.url == url.strip())


def recipient(url: str) -> str:
    """Return who answers at an address, for a person.

    Raises
    ------
    BadServerError
        When it cannot be the address of a server.
    """
    return server_at(url.strip()).recipient


def model_names(url: str) -> list[str]:
    """Ask a server which models it has; waits for some seconds at most.

    Raises
    ------
    ChatError
        When it does not say.
    """
    return OpenAIChat(server_at(url.strip()), "", limits=_SOON).models()


def keep_key(url: str, key: str) -> None:
    """Put the key of a server into the system's keyring.

    Raises
    ------
    ChatError
        When it is none, or there is no keyring.
    """
    store_key(server_at(url.strip()), key)


def on_server(url: str, strong: str, cheap: str = "") -> str:
    """Return the backend's name for models on a server.

    Parameters
    ----------
    url : str
        Base URL.
    strong : str
        Model for scenes and looks.
    cheap : str
        Model for phrases; the same one if empty.

    Raises
    ------
    BadServerError
        When the address or a name cannot be used.
    """
    if not strong.strip() or "," in strong + cheap:
        raise BadServerError(
            "No model is chosen.", remedy="List the models and choose one, or type its name."
        )
    models = f"{strong.strip()},{cheap.strip()}" if cheap.strip() else strong.strip()
    return f"openai:{models}@{server_at(url.strip()).url}"


def on_this_machine(model: str) -> str:
    """Return the backend's name for a model's folder, or its name on the hub.

    Raises
    ------
    ChatError
        When it is empty.
    """
    if not model.strip():
        raise ChatError("No model is chosen.", remedy=f"Give its folder, or a name such as {SUGGESTED}.")
    return f"transformers:{model.strip()}"


def recipient_of(name: str) -> str:
    """Return which server a refiner of the catalog sends words to; empty for one that sends nothing."""
    family, _, variant = name.partition(":")
    return choice(variant).server.recipient if family == "openai" else ""


def in_words(name: str) -> str:
    """Return a refiner's name in the catalog for a person, with what becomes of the words."""
    family, _, variant = name.partition(":")
    if family == "remote":
        return f"{title_of(name)} (asks first)"
    if family == "transformers":
        return f"{PurePath(variant).name} on this machine (sends nothing)"
    if family != "openai":
        return "Embedded (sends nothing)"
    try:
        chosen = choice(variant)
    except ZeroSegError:
        return name
    models = " and ".join(dict.fromkeys((chosen.scene_model, chosen.phrase_model)))
    return f"{models} at {chosen.server.recipient} (asks first)"
