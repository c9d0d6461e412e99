"""An interrupted run saves what it has reached within two seconds: without reports, and without waiting for imports."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ellayer.runs import table_trainer
from ellayer.runs.checkpoints import CheckpointWriter
from ellayer.runs.folder import output_folder
from ellayer.runs.train_run import finish, make_trainer

NOTES = """
import sys
from pathlib import Path
from ellayer.runs.checkpoints import CheckpointWriter
from ellayer.runs.folder import output_folder
from ellayer._progress_bars import no_progress
from ellayer.runs.train_run import finish, make_trainer

trainer = make_trainer({"source": "flower", "iterations": 3})
before = {*sys.modules}
with output_folder(Path("out"), trainer.name) as folder:
    run = trainer.train(folder, None, no_progress)
    run.interrupted = True
    finish(run, folder)
new = {name.partition(".")[0] for name in {*sys.modules} - before}
print(*sorted(new & {"matplotlib", "sklearn", "scipy", "jax", "jinja2", "PIL"}), *sorted(p.name for p in folder.final.iterdir()))
"""


def test_nothing_large_is_imported_from_the_fit_on(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", NOTES], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["baseline", "config.toml", "history.csv", "model.ellayer", "run.json"], (
        done.stderr
    )


@pytest.mark.parametrize(("most", "rows"), [(7, 7), (5_000, 60)])
def test_only_some_of_many_test_rows_are_predicted(tmp_path, monkeypatch, most, rows):
    monkeypatch.setattr(table_trainer, "QUICK_ROWS", (5, most))
    text = "".join(f"{i * 7919 % 1000},{i % 13},{'xy'[i % 2]}\n" for i in range(300))
    (tmp_path / "rows.csv").write_text("a,b,k\n" + text)
    trainer = make_trainer({"source": tmp_path / "rows.csv", "target": "k", "epochs": 2, "layers": [3]})
    with output_folder(tmp_path / "out", trainer.name) as folder:
        run = trainer.train(folder, None, lambda label, total: None)
        run.interrupted = True
        path = finish(run, folder).path
    summary = json.loads((path / "run.json").read_text())
    assert summary["scored_rows"] == rows
    assert ("interrupted: the scores are of 7 of 60 test rows" in summary["notes"]) == (most == 7)
    assert summary["scores"]["accuracy"]["value"] >= 0


@pytest.mark.parametrize("is_epoch", [False, True])
def test_only_a_run_with_a_checkpoint_says_that_it_can_be_resumed(tmp_path, monkeypatch, is_epoch):
    """There is none before the end of the first epoch."""
    if not is_epoch:
        monkeypatch.setattr(CheckpointWriter, "__call__", lambda self, info: None)
    (tmp_path / "rows.csv").write_text("a,k\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(60)))
    trainer = make_trainer({"source": tmp_path / "rows.csv", "target": "k", "epochs": 2, "layers": [3]})
    fit = trainer.source.fit

    def interrupted_fit(model, **options):
        fit(model, **options)
        model.stopped_by_ = "interrupted"

    monkeypatch.setattr(trainer.source, "fit", interrupted_fit)
    with output_folder(tmp_path / "out", trainer.name) as folder:
        run = trainer.train(folder, None, lambda label, total: None)
        finish(run, folder)
    note = next(message for message in run.messages if message.startswith("interrupted after"))
    assert ("--resume" in note) == is_epoch == (tmp_path / "out" / "checkpoint.ellayer").exists()
