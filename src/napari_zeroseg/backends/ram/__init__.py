"""RAM++, the Recognize Anything Plus Model (Huang et al., arXiv 2310.15200), on its official checkpoint."""
