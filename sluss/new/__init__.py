"""From a table to a use case: `sluss new` looks at all rows, writes the config, and brings a model into production."""
