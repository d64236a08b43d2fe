"""Names of units, one for each."""

from __future__ import annotations

_NAMES = {
    "nanometer": ("nm", "nanometre", "nanometers"),
    "micrometer": ("µm", "μm", "um", "micron", "microns", "micrometre", "micrometers", "\\u00b5m"),
    "millimeter": ("mm", "millimetre", "millimeters"),
    "centimeter": ("cm", "centimetre", "centimeters"),
    "meter": ("m", "metre"),
    "millisecond": ("ms", "msec", "milliseconds"),
    "second": ("s", "sec", "seconds"),
    "minute": ("min", "minutes"),
    "hour": ("h", "hours"),
}
_UNITS = {spelling: name for name, others in _NAMES.items() for spelling in (name, *others)}

SYMBOLS = {"micrometer": "µm"} | {name: others[0] for name, others in _NAMES.items() if name != "micrometer"}
"""How OME writes a unit."""


def unit_name(text: object) -> str:
    """Return the name of a unit, such as "micrometer" for "um"; empty for one that is not known."""
    return _UNITS.get(str(text).strip().lower(), "")
