"""Our models against the published code of their authors, on the same random weights, at full size.

Each module writes reference outputs in an environment with the authors' package, and compares ours
with them in the project's own: ``python -m benchmarks.parity.NAME write|compare FOLDER``.
"""
