"""One request, sent until its response is decoded or another attempt would not help."""
