"""What must hold: of a request, of every exchange, of lists of runs; and where it is noted."""
