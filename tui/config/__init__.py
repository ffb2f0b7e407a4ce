"""Settings, key maps and their precedence."""
