"""A client library for accessing DataArts Studio Data Map, output information"""

from .client import AuthenticatedClient, Client

__all__ = (
    "AuthenticatedClient",
    "Client",
)
