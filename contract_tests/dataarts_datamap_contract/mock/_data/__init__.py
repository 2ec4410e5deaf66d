"""The runs: made up, kept, changed, and written as pages."""
