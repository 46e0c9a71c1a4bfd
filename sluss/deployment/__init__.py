"""The ledger of production, and the way of a version into production and back."""
