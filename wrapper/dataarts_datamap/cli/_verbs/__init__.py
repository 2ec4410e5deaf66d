"""The verbs, each the command of its name in the module of that name."""
