"""What is kept of encoded images, in the dock."""

from __future__ import annotations

import pytest

from napari_zeroseg._qt.encoded_care import EncodedCare
from napari_zeroseg.backends.embedding_limits import VARIABLE
from napari_zeroseg.backends.embeddings import IN_MEMORY, ON_DISK
from napari_zeroseg.backends.memory import BadLimitError
from tests.backends.test_embedding_store import KEY, embedding


class AtOnce:
    """Does work on the calling thread."""

    def do(self, work, on_done, on_problem):
        try:
            result = work()
        except BadLimitError as error:
            on_problem(error)
        else:
            on_done(result)


@pytest.fixture
def care(qtbot):
    IN_MEMORY.clear()
    widget = EncodedCare(AtOnce())
    qtbot.addWidget(widget)
    return widget


def test_what_is_kept_is_told_and_cleared(care):
    ON_DISK.write(KEY, embedding())
    care.show()
    assert care.status.text() == "Kept: 1 encoded image, 0 MB on the disk; 0 MB in memory"
    assert "1 encoded image, 0 MB of at most 5.0 GB" in care.status.toolTip()
    care.clear.click()
    assert "1 encoded image, 0 MB removed" in care.status.text()
    assert not care.clear.isEnabled()
    assert ON_DISK.stock().count == 0
    care.hide()
    care.show()
    assert "0 encoded images" in care.status.text()
    assert not care.clear.isEnabled()


def test_a_limit_that_cannot_be_read_is_told(care, monkeypatch):
    monkeypatch.setenv(VARIABLE, "much")
    care.show()
    assert VARIABLE in care.status.text()
