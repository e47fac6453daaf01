"""What `make bench` runs. Timing stands here only; tests do not measure time."""
