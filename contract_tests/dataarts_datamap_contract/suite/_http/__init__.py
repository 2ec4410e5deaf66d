"""What goes over the wire: requests, responses, credentials, and how each is sent and shown."""
