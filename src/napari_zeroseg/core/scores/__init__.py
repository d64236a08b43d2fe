"""How well masks agree with the truth, as the literature counts it."""
