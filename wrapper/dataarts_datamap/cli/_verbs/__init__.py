"""The verbs, each a command in the module of its name.

Modules that a verb needs only to run are imported inside functions: completion loads the verb only for the names of its
options, and is instant only if that loads little.
"""
