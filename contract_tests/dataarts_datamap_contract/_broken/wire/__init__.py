"""Servers whose responses have a wrong form, or are changed or lost by caches, replicas, codings or connections."""
