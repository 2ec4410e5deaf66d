"""Walks that read all runs of a window, all assets of a search, or all lineage, and lose none."""
