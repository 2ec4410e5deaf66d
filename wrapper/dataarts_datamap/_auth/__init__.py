"""Credentials: their kinds, their signatures, and the places where they are found."""
