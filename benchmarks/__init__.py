"""How fast the client is, each figure as a ratio to a peer that was measured in the same run: ``make bench``."""
