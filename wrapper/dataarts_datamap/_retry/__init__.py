"""One request, sent again after failures that may pass, until attempts or time run out."""
