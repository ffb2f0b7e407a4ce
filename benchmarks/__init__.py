"""Where README's claims about speed come from. Each module prints ratios of one run, and writes JSON."""
