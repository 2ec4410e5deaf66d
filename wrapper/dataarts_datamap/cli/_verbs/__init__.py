"""The verbs, each a command in the module of its name.

A verb imports what it needs to run inside functions: completion loads the verb for the names of its options, and must
be instant.
"""
