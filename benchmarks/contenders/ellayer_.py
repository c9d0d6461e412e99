"""Ellayer itself."""

from __future__ import annotations

from workloads import LEARNING_RATES, Outcome, Work, network


def full_batch(work: Work, engine: str = "auto", compiled: bool = False) -> Outcome:
    """``ellayer.train``; ``compiled`` lets ``auto`` find the program already compiled in the process."""
    if compiled:
        _compile(work)
    result = _train(work, engine)
    return Outcome(result.parameters, result.costs, result.compile_seconds, result.engine)


mini_batch = full_batch


def _train(work: Work, engine: str, steps: int | None = None):
    from ellayer import train

    spec = work.spec
    return train(
        network(spec), work.X, work.Y, parameters=work.parameters, optimizer="adam" if spec.epochs else "gd",
        learning_rate=spec.learning_rate, num_iterations=spec.steps if steps is None else steps, batch_size=spec.batch_size or None, engine=engine,
        record_every=spec.steps_per_epoch if spec.epochs else spec.record_every,
    )  # fmt: skip


_compiled: set = set()


def _compile(work: Work) -> None:
    if work.spec not in _compiled:
        # one update compiles what mini-batches take; a full batch may go wide only when it is a whole run
        _train(work, "jax", 1 if work.spec.epochs else None)
        _compiled.add(work.spec)


def many(work: Work, together: bool = True, engine: str = "auto") -> Outcome:
    """``ellayer.train_many``, or ``ellayer.train`` one after another."""
    from ellayer import train, train_many

    spec = work.spec
    shared = {"optimizer": "adam", "num_iterations": spec.steps, "batch_size": spec.batch_size,
              "record_every": spec.steps_per_epoch}  # fmt: skip
    description = network(spec)
    if together:
        starts = [work.parameters] * len(LEARNING_RATES)
        results = train_many(
            description, work.X, work.Y, learning_rate=LEARNING_RATES, parameters=starts, **shared
        )
    else:
        results = [
            train(
                description,
                work.X,
                work.Y,
                learning_rate=rate,
                parameters=work.parameters,
                engine=engine,
                **shared,
            )
            for rate in LEARNING_RATES
        ]
    compiling = results[0].compile_seconds
    return Outcome([result.parameters for result in results], None, compiling, results[0].engine)
