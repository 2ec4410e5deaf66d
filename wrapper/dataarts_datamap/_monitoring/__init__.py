"""Freshness of tables, judged from their runs, and the causes if a table is not fresh."""
