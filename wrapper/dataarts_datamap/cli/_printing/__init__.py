"""What the verbs write: to stdout the result, to stderr the notices."""
