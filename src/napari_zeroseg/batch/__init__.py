"""Many images, and how good the masks are: simulated clicks and metrics."""
