"""No line of the package loads a file in a way that could run what the file says."""

from __future__ import annotations

import ast
from pathlib import Path

import napari_zeroseg

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
