"""The verbs, each a command in the module of its name.

Modules that only a run needs are imported inside functions: completion loads a verb only for the names of its options,
and is instant only if that loads little.
"""
