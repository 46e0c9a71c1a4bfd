"""The metadata hub: experiment tracker, lineage and model registry, all in MLflow."""
