"""Servers that test the suite: broken ones that it must catch, correct ones that it must pass. Not in the wheel."""
