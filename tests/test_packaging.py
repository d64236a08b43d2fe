"""What is installed, in place and as a wheel."""

import importlib.metadata
import importlib.resources
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from npe2 import PluginManifest

ROOT = Path(__file__).parents[1]
MANIFEST = (ROOT / "napari.yaml").read_text()


def test_the_package_in_place_carries_the_manifest():
    assert importlib.resources.files("napari_zeroseg").joinpath("napari.yaml").read_text() == MANIFEST


def test_napari_finds_the_plugin():
    (found,) = [r for r in PluginManifest.discover() if r.manifest and r.manifest.name == "napari-zeroseg"]
    assert found.error is None


def test_every_command_of_the_manifest_can_be_imported():
    manifest = PluginManifest(**yaml.safe_load(MANIFEST))
    manifest.validate_imports()


def test_the_version_is_that_of_the_package():
    import napari_zeroseg

    assert importlib.metadata.version("napari-zeroseg") == napari_zeroseg.__version__


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    # from the source archive, as others would build it; without isolation, because that needs the network
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT],
        check=True,
        capture_output=True,
    )
    return out


def test_the_wheel_carries_manifest_data_and_types(archives):
    with zipfile.ZipFile(next(archives.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        assert wheel.read("napari_zeroseg/napari.yaml").decode() == MANIFEST
    package = ROOT / "src" / "napari_zeroseg"
    for path in package.rglob("*"):
        if path.is_file() and path.suffix in {".py", ".yaml", ".typed", ".gz", ".LICENSE"}:
            assert f"napari_zeroseg/{path.relative_to(package).as_posix()}" in names
    assert not any(name.startswith("tests") for name in names)


def test_the_wheel_is_found_by_napari_when_it_is_installed(archives, tmp_path):
    with zipfile.ZipFile(next(archives.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path)
    code = (
        "from npe2 import PluginManifest\n"
        f"for found in PluginManifest.discover(paths=[{str(tmp_path)!r}]):\n"
        "    if found.manifest and found.manifest.name == 'napari-zeroseg':\n"
        "        import napari_zeroseg; print(napari_zeroseg.__file__)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert answer.stdout.startswith(str(tmp_path))
