"""One line per change made to an engine, in a file of the user's choice."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from tui.actions import Plan, PlanItem
from tui.runtime.errors import RuntimeFault


class AuditLog:
    """Appends JSON lines: what was asked for, of which engine, and how it ended. Flags and names, never secrets."""

    def __init__(self, path: Path) -> None:
        """Write to `path`, which need not exist yet."""
        self.path = path

    def record(self, time: datetime, plan: Plan, item: PlanItem, fault: RuntimeFault | None) -> None:
        """Append one line. One write of less than a page to a file opened for appending: about 30 us.

        Raises:
            OSError: when it cannot be written.
        """
        line = {
            "time": time.isoformat(timespec="milliseconds"),
            "engine": item.key.endpoint,
            "action": plan.action,
            "name": item.name,
            "id": item.key.id,
            "params": dict(plan.params),
            "result": "ok" if fault is None else "failed",
            **({} if fault is None else {"error": str(fault)}),
        }
        # JSON escapes every control character: a name cannot forge a line. Only the owner may read it.
        data = (json.dumps(line, default=str) + "\n").encode()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)
