"""The probes of each subject: requests, and judgements of their responses that no invariant can make."""
