"""Builds the documentation: it stages the pages, fills in generated parts, and runs Zensical."""
