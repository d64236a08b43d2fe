"""The one home of state: what a person and the models have decided so far, and every step back."""
