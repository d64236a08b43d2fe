"""The head of the method ``lmseg``, which learns from a person's corrected masks."""
