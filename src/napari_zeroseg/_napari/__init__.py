"""Layers: an image plane in, Labels and Points out, transforms kept."""
