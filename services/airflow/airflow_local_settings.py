"""Airflow imports this module when a component starts."""
