"""Who asks: tokens, signatures, and the IAM that hands out the tokens."""
