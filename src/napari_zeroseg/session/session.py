"""The session: every action of a person or a script, and the events that views listen to."""

from __future__ import annotations

from napari_zeroseg.session.bringing import Bringing
from napari_zeroseg.session.comparing import Comparing
from napari_zeroseg.session.edging import Edging
from napari_zeroseg.session.foreseeing import Foreseeing
from napari_zeroseg.session.learning import Learning
from napari_zeroseg.session.merging import Merging
from napari_zeroseg.session.method_bench import MethodBench
from napari_zeroseg.session.parting import Parting
from napari_zeroseg.session.propagating import Propagating
from napari_zeroseg.session.seeking import Seeking
from napari_zeroseg.session.suggesting import Suggesting


class Session(
    Suggesting,
    Foreseeing,
    Seeking,
    Comparing,
    Merging,
    Propagating,
    Edging,
    MethodBench,
    Learning,
    Parting,
    Bringing,
):
    """One home of state for a window, a script or a test; see :class:`Workspace` for its parameters.

    Each of the classes it is made of holds the actions of one part of the work.
    """
