"""Open-set detectors with weights to download."""

from __future__ import annotations

from napari_zeroseg.backends.entry import Entry

ENTRIES: tuple[Entry, ...] = ()
