"""Servers whose lists of runs, or the fields of runs, break a rule."""
