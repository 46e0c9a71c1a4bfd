"""From the ledger to production: aliases that follow it, and the smoke prediction after a promotion."""
