"""Servers that read the runs of an operator wrongly from their store, or write them wrongly into a response."""
