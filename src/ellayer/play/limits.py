"""Limits on the sizes that a page may request."""

from __future__ import annotations

from typing import Final

LAYERS: Final = 8  # hidden ones
UNITS: Final = 512  # of a layer
PARAMETERS: Final = 500_000
POINTS: Final = 2_000  # added by hand
REMOVED: Final = 10_000
SIZE: Final = 10_000  # points of a generator
UPLOAD_BYTES: Final = 20_000_000
ROWS: Final = 200_000  # of an uploaded table
NUMBERS: Final = 20_000_000  # of an uploaded table, prepared
FILES: Final = 200  # at once
FILES_BYTES: Final = 40_000_000  # of all of them
MEMBERS: Final = 10_000  # of a model
UPLOADS: Final = 8  # kept in a session
SESSIONS: Final = 16
RETURN_SECONDS: Final = 600.0  # for a page to come back to what it had
COLUMNS_SHOWN: Final = 1_000  # of an uploaded table, for choosing the target
FEATURES_SHOWN: Final = 200  # for choosing the axes
SAVED_RUNS: Final = 12
MESSAGE_BYTES: Final = 1_000_000
ITERATIONS: Final = 100_000_000
SHOWN: Final = 32  # units and inputs of a layer that are drawn
CURVE: Final = 2_000  # points of a curve; halved above twice as many
POINTS_SHOWN: Final = 10_000
