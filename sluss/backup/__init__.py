"""Backups: a place's stores, consistent with each other, in a folder or on S3; and the way back."""
