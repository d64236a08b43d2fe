"""What importing the package loads, and what it does not."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "qtpy", "PySide6", "napari", "openai", "skimage", "scipy")


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(answer.stdout.split())


def test_the_package_loads_nothing_heavy():
    assert not loaded_after("import napari_zeroseg").intersection(HEAVY)


def test_the_command_line_explains_itself_without_models_and_windows():
    loaded = loaded_after(
        "from napari_zeroseg.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass"
    )
    assert not loaded.intersection(HEAVY)


def test_a_headless_run_needs_no_window():
    loaded = loaded_after("from napari_zeroseg import segment")
    assert not loaded.intersection({"qtpy", "PySide6", "napari", "torch", "transformers"})


def test_every_public_name_can_be_imported():
    import napari_zeroseg

    for name in napari_zeroseg.__all__:
        assert getattr(napari_zeroseg, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    import napari_zeroseg

    with pytest.raises(AttributeError, match="nonsense"):
        napari_zeroseg.nonsense  # noqa: B018
