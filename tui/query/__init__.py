"""The filter language over rows. No Textual."""
