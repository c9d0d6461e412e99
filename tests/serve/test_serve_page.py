"""The page of a model in a real browser: a link to a row shows its prediction, and a phone shows all of it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=10000", "--dump-dom",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_a_link_to_a_row_shows_its_prediction(client, tmp_path):
    def opened(path: str) -> str:
        address = str(client.base_url).rstrip("/") + path
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}", address]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout

    page = opened("/models/people?age=31&town=Ulm&joined=2024-01-05&member=yes")
    expected = client.post(
        "/models/people/predict",
        json={"rows": [{"age": 31, "town": "Ulm", "joined": "2024-01-05", "member": "yes"}]},
    ).json()["rows"][0]
    assert f'<p class="prediction">{expected["prediction"]}</p>' in page
    assert "<caption>Probabilities</caption>" in page
    assert "Largest contributions to the log odds of" in page
    wrong = opened("/models/people?age=31&town=Ulm&joined=then&member=yes")
    assert '<p class="error">' in wrong
    assert "&#39;joined&#39;" in wrong or "'joined'" in wrong
    numbers = opened("/models/classifier?values=0.1,+0.2+0.3")
    assert '<p class="prediction">' in numbers
