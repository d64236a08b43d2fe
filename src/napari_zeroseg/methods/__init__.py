"""The methods, each a generator of events over the roles."""
