"""How each model answers: roles, the catalog of backends, and one module per model family."""
