"""Models of this machine for others: what ``napari-zeroseg serve`` runs."""
