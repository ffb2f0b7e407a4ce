"""What is known right now about every engine. No Textual."""
