"""The async runtime adapter: one typed interface over container engines. No Textual, no Rich."""
