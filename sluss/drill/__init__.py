"""The fault catalogue: mistakes that are made on purpose, in a copy of a use case's stores, to try every lock."""
