"""Modal dialogs: confirm with a plan, prompt, choose, progress."""
