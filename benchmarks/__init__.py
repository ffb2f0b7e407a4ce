"""Where the README's claims about speed come from: ``python -m benchmarks``. See README.md here."""
