"""Runs the suite against the fleet of broken and correct servers, and writes down which check caught which bug."""
