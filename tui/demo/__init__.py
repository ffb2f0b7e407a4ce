"""An embedded demo engine: the Docker Engine API over a unix socket, from a seeded world with a clock."""
