"""The service's documents as values: runs and operators, tables and lineage."""
