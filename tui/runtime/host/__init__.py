"""This host's own numbers, from the kernel's files."""
