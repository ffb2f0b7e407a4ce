"""The filter over rows. No Textual.

`tui.query.plain` is the language of today: words. Richer ones (``label=…``, ``/re/``, ``~fuzzy``) are modules beside it
whose `parse` gives the same `Query`.
"""
