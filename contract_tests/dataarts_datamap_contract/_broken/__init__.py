"""Servers that prove the suite: broken ones that it must catch, correct ones that it must let be. Not in the wheel."""
