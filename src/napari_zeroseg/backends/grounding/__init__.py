"""Open-set detectors: boxes for classes that are named in words."""
