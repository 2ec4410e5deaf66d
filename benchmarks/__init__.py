"""Benchmarks of the client; each figure is a ratio to a peer measured in the same run: ``make bench``."""
