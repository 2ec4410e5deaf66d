"""Benchmarks of the client, mostly as ratios to peers that are measured in the same run: ``make bench``."""
