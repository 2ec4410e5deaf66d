"""A report on the runs of a table: what it shows, and the page that shows it."""
