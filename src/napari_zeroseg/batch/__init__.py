"""Many images: a recipe on all of them, on all cores or a cluster."""
