"""What works on this machine is told truly."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from napari_zeroseg import cli
from napari_zeroseg.backends import catalog, devices, doctor, models, packages
from napari_zeroseg.backends.catalog import ENTRIES, PROFILES
from napari_zeroseg.backends.entry import Entry, Role, WeightFile, Weights
from napari_zeroseg.backends.models import model
from napari_zeroseg.backends.registry import create
from napari_zeroseg.backends.weights.store import folder_of
from napari_zeroseg.core.errors import MissingBackendError
from napari_zeroseg.session.machine import lines
from tests.backends.weights.conftest import online  # noqa: F401 - a fixture

WEIGHTS = Weights("o/n", (WeightFile("a.pth", 2_000_000_000),), terms="https://e.org/terms")
LARGE = Entry(
    Role.SEGMENTER, "large:a", "m:a", "Large", "MIT", WEIGHTS, memory=10**15, packages=("numpy", "no_such")
)  # fmt: skip


@pytest.fixture
def large(monkeypatch, online):  # noqa: F811
    for module in (catalog, models):
        monkeypatch.setattr(module, "ENTRIES", (*ENTRIES, LARGE))
    monkeypatch.setitem(PROFILES, "test", {**PROFILES["embedded"], Role.SEGMENTER: "large:a"})


def test_all_that_is_missing_is_named_with_what_to_type(large):
    check = doctor.check(model("large:a"))
    assert [p.split()[0] for p in check.problems] == ["Not", "2.00", "'large:a'"]
    assert "accept the terms on https://e.org/terms" in check.problems[1]
    assert check.lines == ("pip install no_such", "napari-zeroseg models download large:a")
    profile = doctor.check_profile("test")
    assert not profile.is_ready
    assert profile.lines == ("pip install no_such", "napari-zeroseg models download --profile test")
    assert {c.name for c in profile.checks if c.is_ready} == {"embedded:regions", "embedded:book"}


def test_what_is_there_is_not_asked_for(large, monkeypatch):
    folder_of(WEIGHTS).mkdir(parents=True)
    (folder_of(WEIGHTS) / "a.pth").write_bytes(b"x")
    monkeypatch.setattr(packages, "find_spec", lambda name: name)
    monkeypatch.setattr(models.memory, "total", lambda _device: 10**16)
    assert doctor.check(model("large:a")).is_ready


def test_the_report_holds_the_whole_catalog_and_this_machine():
    report = doctor.examine()
    assert {c.name for c in report.models} == {e.name for e in ENTRIES}
    assert [p.name for p in report.profiles] == list(PROFILES)
    assert report.profiles[0].is_ready
    assert report.devices[-1].name == "cpu"
    assert report.versions["numpy"]
    assert report.hub == ""  # tests are offline


def test_a_device_that_is_not_there_is_told(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(devices, "available", lambda: ("cpu",))
    monkeypatch.setenv(devices.VARIABLE, "cuda")
    report = doctor.examine()
    assert "this machine has: cpu" in report.device_problem
    assert f"  ! {report.device_problem}" in list(lines(report))


def test_the_page_and_the_exit_code(large, capsys):
    assert cli.main(["doctor"]) == 0
    page = capsys.readouterr().out
    assert "Profile embedded: ready" in page
    assert "Profile test: not ready" in page
    assert "    napari-zeroseg models download --profile test" in page
    assert cli.main(["doctor", "--profile", "test", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    told = {p["name"]: (p["ready"], p["lines"]) for p in document["profiles"]}
    assert told["embedded"] == (True, [])
    assert told["test"][1] == ["pip install no_such", "napari-zeroseg models download --profile test"]
    assert {m["name"]: m["ready"] for m in document["models"]}["large:a"] is False
    assert cli.main(["doctor", "--profile", "none"]) == 2


def test_models_of_one_name_share_their_files():
    for one in models.models():
        assert {entry.weights for entry in one.entries} == {one.weights}


@pytest.mark.parametrize(
    ("modules", "line"),
    [
        ((), ""),
        (("torch", "transformers"), 'pip install "napari-zeroseg[models]"'),
        (("segment_anything", "torchvision"), "pip install segment-anything torchvision"),
        (("groundingdino",), "pip install groundingdino-py"),
    ],
)
def test_the_line_to_type(modules, line):
    assert packages.line(modules) == line


OPTIONAL = ("diffusers", "segment_anything", "groundingdino", "torchvision", "timm")
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))  # None: as if it were not installed
import numpy as np
from napari_zeroseg import segment
plane = np.zeros((64, 64), np.uint8)
plane[10:30, 10:30] = plane[40:55, 35:55] = 200
result = segment(plane, "bright square")
from napari_zeroseg.backends.doctor import check_profile
print(len(result.instances), check_profile("embedded").is_ready)
"""


def test_the_embedded_profile_works_without_model_libraries():
    more = ("torch", "transformers", "huggingface_hub", "safetensors", "openai", "keyring")
    command = [sys.executable, "-c", WITHOUT, ",".join((*OPTIONAL, *more))]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["2", "True"]


@pytest.mark.parametrize("module", [*OPTIONAL, "torch", "transformers", "openai"])
def test_each_missing_package_is_named_where_it_is_needed(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    needing = Entry(Role.SEGMENTER, "x:y", "m:a", "", "", packages=("numpy", module))
    monkeypatch.setattr(catalog, "ENTRIES", (*ENTRIES, needing))
    for entry in (*(e for e in ENTRIES if module in e.packages), needing):
        name = entry.name.replace("*", "some")
        with pytest.raises(MissingBackendError, match=module) as caught:
            create.__wrapped__(entry.role, name)
        typed = str(caught.value).partition("Install it with: ")[2]
        assert typed.startswith("pip install ")  # all that are missing, in one line
        assert packages.line([module]).removeprefix("pip install ") in typed.split()


def test_what_entries_need_is_what_their_modules_import():
    needed = {p for entry in ENTRIES for p in entry.packages}
    assert needed <= packages._EXTRAS.keys() | packages._DISTRIBUTIONS.keys() | {*OPTIONAL}
