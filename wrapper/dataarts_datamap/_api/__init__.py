"""The service: its addresses, the request of each operation, and the decoding of each response."""
