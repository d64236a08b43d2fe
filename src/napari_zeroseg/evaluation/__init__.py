"""How good a recipe is on a data set of which the truth is known: readers, scores, published results."""
