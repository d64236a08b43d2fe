"""Files of models: where they are, how they come here, and whether they are the right ones."""
