"""No line of the package loads a file in a way that could run what the file says."""

from __future__ import annotations

import ast
import hashlib
import os
import pickle
import shutil
from pathlib import Path

import pytest

import napari_zeroseg
from napari_zeroseg.backends.llm import local_chat
from napari_zeroseg.backends.minilm import MiniLM
from napari_zeroseg.backends.pretrained import pretrained
from napari_zeroseg.core.errors import ZeroSegError
from tests.backends.tiny_bert import write_tiny_bert

SOURCES = sorted(Path(napari_zeroseg.__file__).parent.rglob("*.py"))
CALLS = [
    (path, node)
    for path in SOURCES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Call)
]
RUNNING = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def constants(call: ast.Call) -> dict[str | None, object]:
    return {k.arg: k.value.value if isinstance(k.value, ast.Constant) else ... for k in call.keywords}


def calls(name: str) -> list[tuple[Path, str, dict[str | None, object]]]:
    """The calls of a function, with the text before its name, and its keywords."""
    return [
        (path, ast.unparse(node.func).rpartition(".")[0], constants(node))
        for path, node in CALLS
        if ast.unparse(node.func).rpartition(".")[2] == name
    ]


def test_torch_reads_numbers_alone():
    loads = [(path.name, keywords) for path, of, keywords in calls("load") if of == "torch"]
    assert [name for name, _ in loads] == ["reading.py"]
    assert all(keywords["weights_only"] is True for _, keywords in loads)


def test_transformers_reads_safetensors_alone_and_nothing_from_the_network():
    readers = ("Config", "Tokenizer", "Processor", "Image")
    found = [(path, of, k) for path, of, k in calls("from_pretrained") if not any(r in of for r in readers)]
    assert found
    for path, of, keywords in found:
        # a state that was read before is given as it is
        safe = keywords.get("use_safetensors") is True and keywords.get("local_files_only") is True
        assert safe or "state_dict" in keywords, f"{path}: {of}.from_pretrained"
    for path, of, keywords in calls("from_pretrained"):
        assert not keywords.get("trust_remote_code"), f"{path}: {of}"


def test_numpy_reads_no_pickles():
    for path, _, keywords in calls("load"):
        assert not keywords.get("allow_pickle"), path


def imports_of(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
    return {
        name.partition(".")[0]
        for name in plain | {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}
    }


def test_nothing_imports_what_runs_files():
    assert {path: imports_of(path) & RUNNING for path in SOURCES if imports_of(path) & RUNNING} == {}


class Hostile:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A tiny chat model with its tokenizer."""
    pytest.importorskip("transformers")
    from tests.backends.llm.tiny_model import write_tiny_model

    folder = tmp_path_factory.mktemp("model")
    write_tiny_model(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A tiny sentence encoder."""
    pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("encoder")
    write_tiny_bert(folder)
    return folder


def by_class(folder):
    from transformers import Qwen2ForCausalLM

    pretrained(Qwen2ForCausalLM, folder)


def as_language_model(folder):
    local_chat._load(str(folder))


def as_sentence_encoder(folder):
    MiniLM(folder, hashlib.sha256((folder.parent / "whole").read_bytes()).hexdigest()).encode(["a"])


@pytest.mark.parametrize(
    ("model", "load"),
    [("whole", by_class), ("encoder", as_sentence_encoder), ("whole", as_language_model)],
)
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_pickle_in_a_folder_of_the_hub_is_refused(request, tmp_path, model, load, name):
    mark = tmp_path / "it ran"
    folder = shutil.copytree(request.getfixturevalue(model), tmp_path / "model")
    shutil.copy(folder / "model.safetensors", tmp_path / "whole")
    load(folder)  # so that what is refused below is refused for its weights
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Hostile(mark)))
    with pytest.raises((ZeroSegError, FileNotFoundError), match="model"):
        load(folder)
    assert not mark.exists()
    pickle.loads((folder / name).read_bytes())
    assert mark.exists()  # it would have
