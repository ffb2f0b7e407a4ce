"""Portside's tests. A package so that `tests.engines.fixture` can be imported by its name."""
