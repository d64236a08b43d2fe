"""A chat model of transformers that runs in this process: nothing leaves the machine."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from napari_zeroseg.backends.generation import StopWhenCancelled
from napari_zeroseg.backends.llm.chat import Question, Reply, Usage
from napari_zeroseg.backends.llm.problems import ChatError
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.core.cancellation import CancelledError, present
from napari_zeroseg.core.errors import MissingBackendError

SUGGESTED = "Qwen/Qwen3-1.7B"
TEMPERATURE_STEP = 0.3
MAX_CONTEXT = 32_768


class LocalChat:
    """Loads the model with the first question; it must be on this machine already.

    Parameters
    ----------
    model : str
        Name on the hub, ``"Qwen/Qwen3-1.7B"``, or the path of a folder.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._loaded = lru_cache(maxsize=1)(lambda: _load(model))
        self._compiled = lru_cache(maxsize=16)(self._compile)

    @property
    def model(self) -> str:
        return self._model

    @property
    def recipient(self) -> str:
        return ""

    def complete(self, question: Question, attempt: int = 0) -> Reply:
        """Return one answer, see :class:`~napari_zeroseg.backends.llm.chat.Chat`.

        The first attempt is greedy; later ones draw, from a fixed seed.
        """
        import_triton_apart()
        import torch

        tokenizer, model = self._loaded()
        prompt = _templated(tokenizer, question).to(model.device)
        length = int(prompt["input_ids"].shape[1])
        self._check_length(model, length + question.max_tokens)
        cancellation = present()
        with torch.inference_mode(), torch.random.fork_rng(enabled=attempt > 0):
            if attempt:
                torch.manual_seed(attempt)
            written = model.generate(
                **prompt,
                **_decoding(attempt),
                max_new_tokens=question.max_tokens,
                logits_processor=self._constraint(question.schema),
                stopping_criteria=[StopWhenCancelled(cancellation)],
            )
        if cancellation.cancelled:
            raise CancelledError
        answer = written[0, length:]
        text = tokenizer.decode(answer, skip_special_tokens=True)
        return Reply(text, Usage(1, length, len(answer)))

    def _check_length(self, model: Any, length: int) -> None:
        limit = min(getattr(model.config, "max_position_embeddings", MAX_CONTEXT), MAX_CONTEXT)
        if length > limit:
            raise ChatError(f"The question is too long for {self._model}: {length} of {limit} tokens.")

    def _constraint(self, schema: dict[str, Any]) -> list[Any]:
        """Return what holds the model to the schema, where xgrammar is installed."""
        if find_spec("xgrammar") is None:
            return []
        from xgrammar.contrib.hf import LogitsProcessor

        return [LogitsProcessor(self._compiled(json.dumps(schema)))]

    def _compile(self, schema: str) -> Any:
        import xgrammar

        tokenizer, model = self._loaded()
        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=model.config.vocab_size)
        return xgrammar.GrammarCompiler(info).compile_json_schema(schema, any_whitespace=False)


def _decoding(attempt: int) -> dict[str, Any]:
    if attempt == 0:
        # the model's own settings for drawing must be unset, or transformers warns about them
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return {"do_sample": True, "temperature": TEMPERATURE_STEP * attempt}


def _templated(tokenizer: Any, question: Question) -> Any:
    if not tokenizer.chat_template:
        raise ChatError("This model is no chat model: it has no chat template.")
    conversation = [{"role": m.role, "content": m.text} for m in question.messages]
    return tokenizer.apply_chat_template(
        conversation,
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
        enable_thinking=False,  # read by the templates of models that can think aloud
    )


def _load(name: str) -> tuple[Any, Any]:
    """Return tokenizer and model, from this machine alone.

    Raises
    ------
    MissingBackendError
        When transformers or the model is not there, or the model is damaged.
    """
    try:
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError:
        raise MissingBackendError(
            "The package 'transformers' is not installed.",
            remedy="Install it with: pip install 'napari-zeroseg[local-llm]'",
        ) from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=True)
        model: Any = AutoModelForCausalLM.from_pretrained(
            name, local_files_only=True, use_safetensors=True, dtype="auto"
        )
    except (OSError, ValueError) as error:
        raise MissingBackendError(
            f"The language model '{name}' is not on this machine.",
            remedy=f"Fetch it with: hf download {name} (or try {SUGGESTED}), or give the path of its folder.",
        ) from error
    except SafetensorError as error:
        raise MissingBackendError(
            f"The weights of the language model '{name}' are damaged or cut off.",
            kept="Nothing was loaded.",
            remedy=f"Remove them and fetch them again with: hf download {name}",
        ) from error
    return tokenizer, model.to(_device()).eval()


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
