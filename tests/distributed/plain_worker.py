"""A worker of a group for the tests: it writes no report and no pictures, which take longer than its fit."""

from __future__ import annotations

import sys
from types import SimpleNamespace

from ellayer.runs import group_worker

if __name__ == "__main__":
    without = SimpleNamespace(write_report_files=lambda *arguments, **options: None)
    sys.modules["ellayer.runs.report_files"] = without  # type: ignore[assignment]
    group_worker.main()
