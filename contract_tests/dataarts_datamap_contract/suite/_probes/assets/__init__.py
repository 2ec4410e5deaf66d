"""Probes of the operations on assets and their lineage, which are closed to accounts that are not invited."""
