"""The service's side: the specification, the reference mock server, and the checks of the conformance suite.

Nothing here imports the client, so that a mistake in its decoding cannot hide itself.
"""
