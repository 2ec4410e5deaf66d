"""Servers whose queries for runs, or the rows made of their results, break a rule."""
