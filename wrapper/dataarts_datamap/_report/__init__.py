"""A report on the runs of a table: its contents, and its page."""
