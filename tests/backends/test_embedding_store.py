"""Embeddings outlive the program, and what is damaged is computed again."""

from __future__ import annotations

import logging
import os
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import zarr

from napari_zeroseg.backends import embedding_limits, embedding_store
from napari_zeroseg.backends.embedding_store import PART, SUFFIX, EmbeddingStore, Stock
from napari_zeroseg.backends.embeddings import Latest, RememberingSegmenter, size_of
from napari_zeroseg.backends.memory import BadLimitError
from napari_zeroseg.backends.sam.embedding import ImageEmbedding
from napari_zeroseg.backends.sam.frame import Frame

KEY = "0" * 40


def embedding(seed=0, cells=8):
    rng = np.random.default_rng(seed)
    maps = rng.normal(size=(4, cells, cells)), rng.normal(size=(2, 2 * cells, 2 * cells))
    return ImageEmbedding(Frame.padded((48, 64), 64), tuple(m.astype(np.float32) for m in maps))


def same(a, b):
    return a.frame == b.frame and all(np.array_equal(x, y) for x, y in zip(a.maps, b.maps, strict=True))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "not there yet"


@pytest.fixture
def store(folder):
    return EmbeddingStore(lambda: folder, lambda: 10**6)


@pytest.fixture
def path(store, folder):
    store.write(KEY, embedding())
    return folder / f"{KEY}{SUFFIX}"


def test_what_is_read_is_what_was_written(store, folder):
    assert store.read(KEY) is None
    assert store.stock() == Stock(0, 0)
    store.write(KEY, embedding())
    assert same(store.read(KEY), embedding())
    assert [p.name for p in folder.iterdir()] == [f"{KEY}{SUFFIX}"]
    assert store.stock() == Stock(1, next(folder.iterdir()).stat().st_size)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    values = bytes(embedding().maps[0][0, 0])
    content[content.index(values)] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def pickled(path):
    path.write_bytes(pickle.dumps(embedding().maps))


def remade(path, change):
    with zarr.storage.ZipStore(path, mode="r") as old:
        group = zarr.open_group(old, mode="r")
        attributes, maps = dict(group.attrs), {name: group[name][:] for name in group}
    options = change(attributes, maps) or {}
    with zarr.storage.ZipStore(path, mode="w") as new:
        group = zarr.create_group(new, zarr_format=3, attributes=attributes)
        for name, values in maps.items():
            group.create_array(name, data=values, **({"compressors": None} | options))


DAMAGES = {
    "cut off": cut,
    "one bit flipped": flip,
    "empty": empty,
    "a pickle": pickled,
    "no header": lambda p: remade(p, lambda a, m: a.clear()),
    "a header with more": lambda p: remade(p, lambda a, m: a.update(more=1)),
    "of another version": lambda p: remade(p, lambda a, m: a.update(version=2)),
    "renamed": lambda p: remade(p, lambda a, m: a.update(key="1" * 40)),
    "impossible frame": lambda p: remade(p, lambda a, m: a.update(side=0)),
    "a map is missing": lambda p: remade(p, lambda a, m: m.__delitem__("map1")),
    "wrong numbers": lambda p: remade(p, lambda a, m: m.update(map1=m["map1"].astype(np.float64))),
    "wrong axes": lambda p: remade(p, lambda a, m: m.update(map0=m["map0"][0])),
    "packed": lambda p: remade(p, lambda a, m: {"compressors": "auto"}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_damaged_or_not_ours_is_dropped_and_made_again(store, path, damage, caplog):
    damage(path)
    with caplog.at_level(logging.WARNING):
        assert store.read(KEY) is None
    assert "computed again" in caplog.text
    assert not path.exists()
    store.write(KEY, embedding())
    assert same(store.read(KEY), embedding())


def test_a_file_that_claims_to_be_huge_is_not_read(store, path, monkeypatch, caplog):
    monkeypatch.setattr(embedding_store, "MOST_BYTES", 100)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("more", b"0" * 1000)
    assert store.read(KEY) is None
    assert "too large" in caplog.text


def test_the_longest_unused_make_room(folder):
    store = EmbeddingStore(lambda: folder, lambda: 10**6)
    for number in range(3):
        store.write(str(number), embedding(number))
        os.utime(folder / f"{number}{SUFFIX}", (number, number))
    store.read("0")
    size = store.stock().bytes // 3
    small = EmbeddingStore(lambda: folder, lambda: 3 * size + size // 2)
    small.write("3", embedding(3))
    assert sorted(p.name[0] for p in folder.iterdir()) == ["0", "2", "3"]


def test_nothing_is_kept_where_it_is_switched_off_or_cannot_be(store, path, folder, caplog):
    off = EmbeddingStore(lambda: folder, lambda: 0)
    assert off.read(KEY) is None
    off.write("1", embedding())
    assert store.stock().count == 1
    blocked = EmbeddingStore(lambda: path, lambda: 10**6)  # a file is in the place of the folder
    blocked.write(KEY, embedding())
    assert "is not kept" in caplog.text


def test_a_write_that_fails_leaves_the_old_one_and_no_part(store, path, folder, monkeypatch):
    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(embedding_store, "_fill", fail)
    store.write(KEY, embedding(1))
    assert same(store.read(KEY), embedding())
    assert len(list(folder.iterdir())) == 1


def test_clear_removes_embeddings_and_what_is_left_of_writes_alone(store, path, folder):
    (folder / "notes.txt").write_text("mine")
    (folder / f"{PART}abc").write_text("half")
    assert store.clear().count == 1
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]
    assert store.stock() == Stock(0, 0)


class Large:
    """A segmenter that is worth keeping what it makes."""

    def __init__(self, name="large"):
        self.name, self.embedded = name, 0

    def identity(self):
        return self.name

    def embed(self, image):
        self.embedded += 1
        return embedding(int(image.sum()))

    def segment(self, embedding, prompts):
        return []


def image(value):
    return np.full((8, 8, 3), value, np.float32)


def test_an_embedding_survives_the_program(store):
    first, later = Large(), Large()
    made = RememberingSegmenter(first, Latest(), store).embed(image(1))
    found = RememberingSegmenter(later, Latest(), store).embed(image(1))
    assert same(made, found)
    assert (first.embedded, later.embedded) == (1, 0)


def test_other_pixels_and_other_weights_are_embedded_anew(store):
    RememberingSegmenter(Large(), Latest(), store).embed(image(1))
    for segmenter, pixels in ((Large(), image(2)), (Large("changed"), image(1))):
        RememberingSegmenter(segmenter, Latest(), store).embed(pixels)
        assert segmenter.embedded == 1


def test_memory_is_kept_by_bytes(folder):
    one = embedding().nbytes
    kept = Latest(lambda: 2 * one, size_of)
    large = Large()
    segmenter = RememberingSegmenter(large, kept, EmbeddingStore(lambda: folder, lambda: 0))
    for value in (1, 2, 1, 3, 1, 2):  # 3 makes 2 go, the longest unused
        segmenter.embed(image(value))
    assert large.embedded == 4
    assert kept.taken == 2 * one


def test_the_newest_stays_however_large():
    kept = Latest(lambda: 1, size_of)
    kept.of("a", embedding)
    assert "a" in kept
    kept.of("b", embedding)
    assert ("a" in kept, "b" in kept) == (False, True)


@pytest.mark.parametrize(
    ("text", "memory", "disk"),
    [
        ("memory=1GB, disk=3MB", 10**9, 3 * 10**6),
        ("disk=0", None, 0),
        ("memory=2MiB", 2 << 20, None),
        ("", None, None),
    ],
)
def test_limits_are_read_from_the_environment(monkeypatch, text, memory, disk):
    monkeypatch.setenv(embedding_limits.VARIABLE, text)
    default = min(0.1 * embedding_limits.memory.total("cpu"), embedding_limits.MOST)
    assert embedding_limits.in_memory() == (int(default) if memory is None else memory)
    assert embedding_limits.on_disk() == (embedding_limits.ON_DISK if disk is None else disk)


@pytest.mark.parametrize("text", ["much", "disk=lots", "cuda=1GB", "1GB"])
def test_a_limit_that_cannot_be_read_is_explained(monkeypatch, text):
    monkeypatch.setenv(embedding_limits.VARIABLE, text)
    with pytest.raises(BadLimitError, match="memory=2GB,disk=5GB"):
        embedding_limits.on_disk()


def test_the_digest_of_an_array_that_cannot_change_is_made_once(monkeypatch):
    from napari_zeroseg.backends import embeddings

    made = []
    monkeypatch.setattr(embeddings, "_digest", lambda array: made.append(1) or array.tobytes())
    fixed, free = image(1), image(1)
    fixed.setflags(write=False)
    for array in (fixed, fixed, free, free, fixed[:4]):
        embeddings.content_key(array)
    assert len(made) == 4
    number = id(fixed)
    assert number in embeddings._digests
    del fixed, array
    assert number not in embeddings._digests


def test_an_embedding_of_another_layout_is_written_too(store):
    single = replace(embedding(), maps=embedding().maps[:1])
    store.write(KEY, single)
    assert same(store.read(KEY), single)
