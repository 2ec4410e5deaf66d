"""Checks of many tables, each against a rule."""
