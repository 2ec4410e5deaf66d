"""Judges requests, exchanges, and what exchanges say together, and keeps the judgements."""
