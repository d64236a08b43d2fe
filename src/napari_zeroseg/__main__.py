"""``python -m napari_zeroseg`` is ``napari-zeroseg``."""

from __future__ import annotations

import sys

from napari_zeroseg.cli import main

if __name__ == "__main__":
    sys.exit(main())
