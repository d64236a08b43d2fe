"""The work on an image, kept in a file that outlives a crash."""
