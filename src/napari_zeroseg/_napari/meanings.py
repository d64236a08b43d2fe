"""What napari itself does with a key."""

from __future__ import annotations

from napari.settings import get_settings
from napari.utils.key_bindings import coerce_keybinding


def meaning_in_napari(key: str) -> str:
    """Return what a key means in napari's own settings, empty where it means nothing.

    Parameters
    ----------
    key : str
        As napari spells it.
    """
    binding = coerce_keybinding(key)
    actions = get_settings().shortcuts.shortcuts.items()
    return ", ".join(
        name.partition(":")[2].replace("_", " ") for name, bindings in actions if binding in bindings
    )
