"""``ellayer train --live``: the page watches a file, a table larger than memory and a folder of images."""

from __future__ import annotations

import json
import threading

import httpx
import numpy as np
import pytest
from PIL import Image
from socket_client import opened, wait

from ellayer.play.live import LiveFeed

CSV = b"size,town,price\n" + b"".join(
    b"%d,%s,%d\n" % (i % 9, b"abc"[i % 3 : i % 3 + 1], 7 * i % 50) for i in range(80)
)


@pytest.fixture
def watch(run_in, undrawn_pages, monkeypatch, tmp_path):
    """Return a function that trains with a page that watches, and returns the answer, the messages and the report."""
    monkeypatch.setattr("ellayer.play.live.CLOSING", 0.2)

    def run(*arguments: object, stops: bool = False):
        messages: list[dict] = []
        reports: list[httpx.Response] = []
        threads: list[threading.Thread] = []

        def read(address: str) -> None:
            with opened(address) as page:
                while not messages or messages[-1]["type"] != "finished":
                    messages.append(wait(page, "ready", "phases", "curve", "diagnosis", "finished"))
                    if stops and messages[-1]["type"] == "curve" and messages[-1]["points"]:
                        page.send(json.dumps({"type": "stop"}))
                reports.append(httpx.get(f"{address}/report", trust_env=False))

        def browser(address: str) -> None:
            threads.append(threading.Thread(target=read, args=(address,)))
            threads[0].start()

        monkeypatch.setattr("webbrowser.open", browser)
        answer = run_in(tmp_path, "train", *arguments, "--live", "--members", 1, "--out", "run", "-q")
        threads[0].join(30)
        return answer, messages, reports[0]

    return run


def test_a_run_is_stopped_once():
    feed = LiveFeed()
    assert not feed.take_stop()
    for expected in (True, False):  # two pages, or one that was opened again
        feed._take('{"type": "stop"}')
        assert feed.take_stop() is expected
    assert not feed.take_stop()


@pytest.mark.parametrize("kind", ["file", "stream", "images"])
@pytest.mark.parametrize("stops", [False, True])
def test_a_run_is_watched(watch, monkeypatch, tmp_path, kind, stops):
    if kind == "images":
        random = np.random.RandomState(0)
        for name, light in (("dark", 0), ("light", 120)):
            (tmp_path / "pictures" / name).mkdir(parents=True)
            for k in range(14):
                pixels = (random.randint(0, 120, (4, 4)) + light).astype(np.uint8)
                Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{k}.png")
        source, target = ["pictures"], "class"
    else:
        (tmp_path / "t.csv").write_bytes(CSV)
        source, target = ["t.csv", "--target", "price"], "price"
        monkeypatch.setattr("ellayer.data.too_large", lambda path: kind == "stream")
    answer, messages, report = watch(*source, "--epochs", 30 if stops else 3, stops=stops)
    finished = messages[-1]
    assert messages[0]["mode"] == "live"
    assert finished["folder"].endswith("run")
    assert finished["interrupted"] == stops
    assert answer.returncode == (130 if stops else 0), answer.stderr
    points = [point for m in messages if m["type"] == "curve" for point in m["points"]]
    assert points
    assert all(isinstance(point[1], float) for point in points)
    phases = [m for m in messages if m["type"] == "phases"][-1]["phases"]
    assert phases[0]["name"] == "network"
    assert all(phase["ended"] for phase in phases)
    assert (tmp_path / "run" / "model.ellayer").is_file()
    assert report.status_code == (404 if stops else 200)
    if not stops:
        assert "sandbox" in report.headers["Content-Security-Policy"]
        assert ["target", target] in finished["summary"]
