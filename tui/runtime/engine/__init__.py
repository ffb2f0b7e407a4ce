"""The Docker Engine API backend."""
