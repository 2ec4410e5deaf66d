"""Integrations with other systems, which use the clients like any user."""
