"""At which sizes the screen is divided differently: for the dashboard, and for what draws before Textual is there."""

from __future__ import annotations

NARROW = 110
"""Below this many columns one pane shows at a time; table and detail side by side need 60 and 50."""

LOW = 30
"""Below this many rows panes that are not in use are folded to their title: three tables of five rows serve nobody."""
