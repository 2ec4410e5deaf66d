"""The log of a run on the command line."""
