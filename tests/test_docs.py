"""Every Python example of the docs runs, and every command is one that there is."""

import json
import re
import shlex
from pathlib import Path

import pytest

from napari_zeroseg import cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.name)
def test_the_examples_of_a_page_run_one_after_the_other(page, capsys):
    namespace: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), namespace)
    # the examples tell how many there are: none would mean that they show nothing
    assert re.search(r"[1-9]", capsys.readouterr().out)


COMMANDS = [
    line
    for page in PAGES
    for block in blocks(page, "shell")
    for line in block.splitlines()
    if line.startswith("napari-zeroseg ")
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_understood(line):
    options = cli._parser().parse_args(shlex.split(line)[1:])
    assert options.command in {
        "segment", "run", "replay", "batch", "open", "schema", "convert", "suggest", "models", "cache",
        "doctor", "demo", "evaluate", "serve",
    }  # fmt: skip


def test_the_docs_show_commands():
    assert COMMANDS


def test_the_targets_of_make_are_the_ones_described():
    makefile = (ROOT / "Makefile").read_text()
    described = set(re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.*)", makefile, re.MULTILINE)
    assert described == set(phony.split()) - {"clean"}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pictures_and_pages_that_are_linked_are_there(page):
    linked = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [name for name in linked if not (page.parent / name).is_file()] == []


def test_the_page_on_exchange_lists_every_format_and_what_it_loses():
    from napari_zeroseg.export.formats import FORMATS
    from scripts.exchange_table import row

    page = (ROOT / "docs" / "exchange.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `.+ \|$", page, re.MULTILINE)
    assert rows == [row(name) for name in FORMATS]


def test_the_page_of_keys_lists_what_the_program_binds():
    from napari_zeroseg.session.shortcuts import FIXED, SHORTCUTS, spelled

    bound = [(spelled(s.key), s.text, s.where) for s in SHORTCUTS]
    page = (ROOT / "docs" / "shortcuts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+)` \| (.+) \| (.+) \|$", page, re.MULTILINE)
    assert rows == [*bound, *FIXED]


def test_what_the_docs_say_of_suggest_is_what_it_prints(capsys):
    (shown,) = blocks(ROOT / "docs" / "command-line.md", "json")
    assert cli.main(["suggest", "--tags", "girl", "--classes", "person", "--json"]) == 0
    assert json.loads(shown) == json.loads(capsys.readouterr().out)
