"""The output of the verbs: results on stdout, notices on stderr."""
