"""Which models a recipe means, as a record tells it."""

from __future__ import annotations

from datetime import UTC, datetime

from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.identity import models_of_recipe
from napari_zeroseg.backends.weights.manifest import FileRecord, Manifest
from napari_zeroseg.backends.weights.store import folder_of
from napari_zeroseg.core.recipe import Recipe


def of_role(recipe, role):
    return next(b for b in models_of_recipe(recipe) if b.role == role)


def test_what_is_built_in_has_neither_revision_nor_files():
    assert of_role(Recipe(), Role.DETECTOR).model_dump() == {
        "role": "detector", "name": "embedded:regions", "repository": "", "revision": "", "files": (),
    }  # fmt: skip


def test_files_that_were_downloaded_tell_their_commit_and_digests(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_ZEROSEG_MODELS", str(tmp_path))
    weights = find(Role.SEGMENTER, "sam2:hiera-tiny").weights
    folder = folder_of(weights)
    folder.mkdir(parents=True)
    records = {
        file.name: FileRecord(
            source="https://example.org", revision=weights.revision, commit="c" * 40, size=3, sha256="a" * 64,
            date=datetime.now(UTC),
        )
        for file in weights.files
    }  # fmt: skip
    for file in weights.files:
        (folder / file.name).write_bytes(b"abc")
    Manifest(files=records).write(folder)
    told = of_role(Recipe(profile="laptop"), Role.SEGMENTER)
    assert (told.repository, told.revision) == (weights.repository, "c" * 40)
    assert {file.sha256 for file in told.files} == {"a" * 64}


def test_of_what_is_not_here_the_catalog_tells():
    weights = find(Role.SEGMENTER, "sam2:hiera-tiny").weights
    told = of_role(Recipe(profile="laptop"), Role.SEGMENTER)
    assert told.revision == weights.revision
    assert [file.sha256 for file in told.files] == [file.sha256 for file in weights.files]


def test_no_password_gets_into_a_record():
    recipe = Recipe(backends={"refiner": "openai:small@https://me:secret@example.org/v1"})
    assert of_role(recipe, Role.REFINER).name == "openai:small@https://example.org/v1"
    assert "secret" not in recipe.shareable().model_dump_json()
