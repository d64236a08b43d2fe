import errno
import os
import stat

import pytest

from napari_zeroseg.core.errors import ExportError
from napari_zeroseg.export.atomic import make_folder, replacing


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_file_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with (
        pytest.raises(ExportError, match=r"No space left.*older 'a.txt' is untouched"),
        replacing(path) as part,
    ):
        part.write_text("ne")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_what_else_goes_wrong_leaves_no_half_file_either(tmp_path):
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "a.txt") as part:
        part.write_text("half")
        _ = 1 / 0
    assert names(tmp_path) == []


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ExportError, match="No such file or directory"), replacing(tmp_path / "no" / "a.txt"):
        pass


def test_others_may_read_a_result_as_any_other_file(tmp_path):
    (tmp_path / "plain").touch()
    with replacing(tmp_path / "result"):
        pass
    assert stat.S_IMODE((tmp_path / "result").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(ExportError, match="could not be made"):
        make_folder(tmp_path / "out")
