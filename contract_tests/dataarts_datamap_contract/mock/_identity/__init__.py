"""Authentication: tokens, signatures, and the IAM that issues the tokens."""
