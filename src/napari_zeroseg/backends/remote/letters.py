"""What a person is shown before anything goes to a server of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.core.consent import Letter, TextKind

if TYPE_CHECKING:
    from pydantic import BaseModel

    from napari_zeroseg.backends.remote.address import Place
    from napari_zeroseg.core.image import Plane


def image_letter(place: Place, image: Plane) -> Letter:
    """Return what is sent of an image: the letter shows its pixels too."""
    height, width = image.shape[:2]
    text = (
        f"Image: {width} × {height} pixels, as you see it here.\n"
        f"For the model: {place.model}\n"
        "With it, as you work: names, synonyms and looks of your classes, boxes, points and masks.\n"
        "Not with it: file names and paths.\n\n"
        "Unless whoever runs it has chosen otherwise, the server keeps images in its memory until newer ones "
        "take their place or it stops, and writes none to its disk."
    )
    return Letter(TextKind.IMAGES, place.address.url, text, image)


def words_letter(place: Place, question: BaseModel, kind: TextKind) -> Letter:
    """Return the words that are sent, all of them."""
    return Letter(kind, place.address.url, question.model_dump_json(indent=2))
