"""Writers and readers of files that other tools understand."""
