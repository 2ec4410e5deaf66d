"""The runs: made up, stored, changed, and written as pages."""
