"""Random requests, made by schemathesis from the specification."""
