"""Servers whose responses break a rule on their way: in form, transfer, caches or over connections."""
