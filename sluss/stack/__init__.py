"""The stack of containers. Standard library only: `make up` runs it before there is an environment."""
