"""Backends that need no weights: real algorithms on numpy, scipy and scikit-image."""
