"""A run's log, from object storage."""
