"""One request until its response is decoded, or it is no use to go on."""
