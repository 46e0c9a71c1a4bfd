"""Storage of rows: the warehouse (SQL) and the lake (Delta tables)."""
