"""The transport of requests and responses, without retries and credentials."""
