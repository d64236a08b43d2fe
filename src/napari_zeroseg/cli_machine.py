"""Options of commands that run models: where, and within how much memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a command choose the device and limit the memory."""
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="where models compute: cuda, mps or cpu (default: the fastest there is)",
    )
    parser.add_argument(
        "--memory",
        metavar="SIZE",
        help="what models may take: 8GB, or cuda=10GB,cpu=4GB (default: they share 60 %% of what is free)",
    )


def heed(options: argparse.Namespace) -> None:
    """Take the options over for this process, or raise BadLimitError."""
    from napari_zeroseg.backends import devices, memory

    if options.device:
        os.environ[devices.VARIABLE] = options.device
    if options.memory:
        memory.limits(options.memory)
        os.environ[memory.VARIABLE] = options.memory
