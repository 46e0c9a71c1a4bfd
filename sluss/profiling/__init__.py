"""Look at a table that nobody has described: its columns, their types and roles, and its pitfalls."""
