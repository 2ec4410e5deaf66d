"""The parts of any HTTP service: requests, responses, routes, validation, faults, and a record of requests."""
