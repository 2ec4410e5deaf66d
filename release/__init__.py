"""The parts of a release that are code: the check of its version, and its notes."""
