"""Where rows live: the warehouse (SQL) and the lake (Delta tables)."""
