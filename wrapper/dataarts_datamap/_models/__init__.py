"""What the service's documents mean, as values: runs and operators, tables and lineage."""
