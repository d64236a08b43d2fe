"""What the words mean: frozen types and pure functions on numpy arrays."""
