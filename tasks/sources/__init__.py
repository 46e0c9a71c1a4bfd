"""Where generate_data gets rows from."""
