"""What any HTTP service is made of: requests, responses, routes, validation, faults, and a record of them."""
