"""The verbs, each the command of its name in the module of that name.

What only a run needs is imported inside the functions that run: completion loads a verb for the names of its options
alone, and is instant only if that loads little.
"""
