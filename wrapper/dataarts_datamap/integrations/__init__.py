"""Integrations with other systems: each imports only public names."""
