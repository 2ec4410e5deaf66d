"""Probes of the operations on assets and their lineage, to which an account need not be invited."""
