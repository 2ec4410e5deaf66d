"""A client library for accessing DataArts Studio Data Map, output information"""
