"""How the image is looked at: what a person says of it, and what the view makes of that."""

from __future__ import annotations

from psygnal import Signal


class Sight:
    """Wishes of a person about the view of the image, and news from it.

    The view alone can change what is shown, so a wish goes to it as a signal, and what comes of
    it is seen in the next :class:`~napari_zeroseg.session.source.ImageSource`.
    """

    changed = Signal(object)
    """The source, which may differ from the one before in nothing but how its channels are shown."""
    axes_told = Signal(str)
    """What the axes of the image mean, such as "ZYX"; empty to be asked again."""
    split_wanted = Signal()
    """The channels of the image are to become images of their own, shown together."""
    channel_wanted = Signal(int, bool)
    """A channel, by its number in the composition, is to be shown or hidden."""
