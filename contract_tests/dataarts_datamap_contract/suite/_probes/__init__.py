"""The probes: the requests on each subject, and judgements of their responses beside those of the invariants."""
