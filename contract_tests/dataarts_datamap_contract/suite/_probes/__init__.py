"""The probes of each subject, and what each can judge beside the invariants."""
