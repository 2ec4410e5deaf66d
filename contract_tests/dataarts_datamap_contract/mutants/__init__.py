"""Runs the suite over the fleet of broken and of correct servers, and writes down which check caught which bug."""
