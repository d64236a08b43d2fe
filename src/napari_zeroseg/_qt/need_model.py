"""The models of a recipe as a table, with what each needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_zeroseg._qt.rows_model import Index, Role, RowsModel
from napari_zeroseg.session.model_files import Need

NAME, DOWNLOAD, MEMORY, LICENCE = range(4)
HEADERS = (
    ("Model", "Family and variant"),
    ("Download", "How much is still to be fetched, or where its files are"),
    ("Memory", "What it takes while it is loaded, about"),
    ("Licence", "Of the code and the weights"),
)


class NeedModel(RowsModel[Need]):
    """Rows are models."""

    def __init__(self) -> None:
        super().__init__(HEADERS)

    def show_needs(self, needs: Sequence[Need]) -> None:
        self._replace(list(needs), same_places=[n.name for n in needs] == [n.name for n in self._rows])

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        need = self._rows[index.row()]
        if role == Role.DisplayRole:
            return (need.title, files(need), bytes_in_words(need.memory), need.licence)[index.column()]
        return _in_full(need) if role == Role.ToolTipRole else None


def files(need: Need) -> str:
    """Return where the files of a model are, or how large its download is."""
    return need.place or bytes_in_words(need.size)


def bytes_in_words(size: int) -> str:
    """Return a number of bytes for a person, "–" for none."""
    if not size:
        return "–"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def _in_full(need: Need) -> str:
    lines = (
        f"{need.title}: {need.summary}",
        f"Used as {', '.join(need.roles)}",
        f"Licence: {need.licence}",
        f"Source: {need.source}" if need.source else "",
        f"Accept its terms first: {need.terms}" if need.terms and not need.is_here else "",
        need.problem,
    )
    return "\n".join(line for line in lines if line)
