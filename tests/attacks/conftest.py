"""The files that hostile ones start from."""

from __future__ import annotations

import pytest
import sample_files
from hostile import Sample


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> dict[str, Sample]:
    return sample_files.samples(tmp_path_factory.mktemp("attacks"))
