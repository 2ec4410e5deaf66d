"""Builds the documentation: pages are staged, completed from the code, and handed to Zensical."""
