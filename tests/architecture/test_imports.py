"""Imports run one way, importing is cheap, and every public name is there."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys

import pytest

import ellayer

# What each part of the package may import of the others. ``errors`` and files with ``_`` are open to all.
ANYBODY = (
    "ellayer.errors",
    "ellayer._forms",
    "ellayer._json",
    "ellayer._lazy",
    "ellayer._lost_threads",
    "ellayer._own_process",
    "ellayer._plots",
    "ellayer._progress",
    "ellayer._progress_bars",
    "ellayer._samples",
    "ellayer._shapes",
    "ellayer._sklearn_compat",
    "ellayer._unfinished",
    "ellayer._views",
    "ellayer._warn",
    "ellayer._wording",
    "ellayer.__version__",
)
BELOW_STORAGE = ("core", "engine", "tables", "estimators")
BELOW_RUNS = (
    "core",
    "data",
    "tables",
    "engine",
    "distributed",
    "steps",
    "inspection",
    "estimators",
    "storage",
    "report",
)
ALLOWED: dict[str, tuple[str, ...]] = {
    "core": (),
    "data": (),
    "tables": ("data",),
    "engine": ("core",),
    "distributed": ("core", "engine"),
    "steps": ("core", "engine"),
    "inspection": ("core", "engine"),
    "estimators": ("core", "engine", "tables"),
    "storage": BELOW_STORAGE,
    "report": ("core", "inspection"),
    "plot": ("core", "engine", "inspection", "report"),
    "callbacks": ("engine", "inspection", "storage"),
    "runs": BELOW_RUNS,
    "serve": ("data", "tables", "inspection", "storage", "report", "runs"),
    "play": ("core", "data", "tables", "engine", "inspection", "estimators", "storage", "runs", "serve"),
    "cli": (*BELOW_RUNS, "runs", "serve", "play"),
}
HEAVY = {"jax", "jaxlib", "sklearn", "matplotlib", "polars", "h5py", "optax", "scipy", "pandas", "onnx", "PIL",
         "safetensors"}  # fmt: skip


def imports_of(module) -> list[tuple[int, str]]:
    """Every name of the house that a module imports, at the top or late, as (line, full dotted name)."""
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
    return [(line, home(name)) for line, name in found if name.split(".")[0] == "ellayer"]


def home(name: str) -> str:
    """Return where a name looked up at the root is defined: ``ellayer.train`` is ``ellayer.engine.train``."""
    root, _, rest = name.partition(".")
    place = ellayer._HOMES.get(rest.split(".")[0]) if root == "ellayer" else None
    return f"ellayer{place}" if place else name


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def test_imports_run_one_way(modules):
    parts = {m.package for m in modules if m.path.parent.name != "ellayer"}
    assert parts == set(ALLOWED), "a new part of the package: say what it may import"
    wrong = []
    for module in (m for m in modules if m.package in ALLOWED):
        allowed = [f"ellayer.{part}" for part in (module.package, *ALLOWED[module.package])]
        wrong += [
            f"{module.path}:{line} imports {name}; {module.package} may import {ALLOWED[module.package]}"
            for line, name in imports_of(module)
            if name != "ellayer" and not any(within(name, prefix) for prefix in (*allowed, *ANYBODY))
        ]
    assert not wrong, "\n".join(wrong)


def test_files_import_each_other_in_no_circle(modules):
    """Late and type-only imports count too."""
    names = {m.name for m in modules}

    def file_of(name: str) -> str:
        return name if name in names else name.rpartition(".")[0]

    graph = {m.name: {file_of(name) for _, name in imports_of(m)} - {m.name} for m in modules}
    while leaves := {name for name, below in graph.items() if not below & graph.keys()}:
        graph = {name: below for name, below in graph.items() if name not in leaves}
    while users := {name for name in graph if not any(name in below for below in graph.values())}:
        graph = {name: below for name, below in graph.items() if name not in users}
    assert not graph, f"circles among {sorted(graph)}"


def test_the_root_imports_no_part_of_the_house_at_once(modules):
    (root,) = (m for m in modules if m.name == "ellayer")
    helpers = [
        "ellayer._lazy.lazy_names",
        "ellayer._lost_threads.note_forks",
        "ellayer._on_import.when_imported",
    ]
    assert [name for _, name in imports_of(root)] == helpers


def test_type_checkers_see_the_names_that_are_imported_late(modules):
    lazy = [m for m in modules if any(within(name, "ellayer._lazy") for _, name in imports_of(m))]
    assert len(lazy) == 9
    for package in lazy:
        stub = ast.parse(package.path.with_suffix(".pyi").read_text())
        imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
        shown = {
            alias.asname: "." * node.level + (node.module or "") for node in imports for alias in node.names
        }
        at_once = {name.rpartition(".")[2] for _, name in imports_of(package)} - {
            "lazy_names",
            "make_callable",
            "note_forks",
            "when_imported",
        }
        late = importlib.import_module(package.name)
        assert set(late.__all__) - {"__version__"} == at_once | set(late._HOMES)
        packages = dict.fromkeys(getattr(late, "_PACKAGES", ()), ".")
        assert {name: shown[name] for name in shown if name not in at_once} == late._HOMES | packages, (
            package.path
        )
        assert at_once <= shown.keys()


TASKS_OF_JOBLIB = {"Parallel", "delayed", "effective_n_jobs", "get_active_backend"}  # nothing of files


def test_no_star_imports_no_eval_no_pickle(modules):
    wrong = []
    for module in modules:
        for node in ast.walk(module.tree):
            line = f"{module.path}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                wrong.append(f"{line} imports *")
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("eval", "exec")
            ):
                wrong.append(f"{line} calls {node.func.id}")
            of_workers = module.name == "ellayer.engine.workers" and isinstance(node, ast.ImportFrom)
            if of_workers and {alias.name for alias in node.names} <= TASKS_OF_JOBLIB:
                continue
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [
                f"{line} imports {n}"
                for n in names
                if n.split(".")[0] in ("pickle", "joblib", "dill", "marshal")
            ]
    assert not wrong, "\n".join(wrong)


def _fresh(statement: str) -> dict:
    """Run a statement in a fresh interpreter; the packages it loaded and the seconds it took."""
    code = (
        "import sys, time, json; before = time.process_time(); "
        f"{statement}; "
        "print(json.dumps([time.process_time() - before, sorted({m.split('.')[0] for m in sys.modules})]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seconds, loaded = json.loads(done.stdout)
    return {"seconds": seconds, "loaded": set(loaded)}


def test_import_ellayer_is_cheap():
    runs = [_fresh("import ellayer") for _ in range(2)]
    assert not runs[0]["loaded"] & (HEAVY | {"numpy"})
    assert min(run["seconds"] for run in runs) < 0.4


@pytest.mark.parametrize(
    "statement", ["import ellayer.core", "import ellayer.engine", "from ellayer import train"]
)
def test_the_heart_loads_nothing_heavy(statement):
    assert not _fresh(statement)["loaded"] & HEAVY


def test_training_on_the_numpy_loop_loads_nothing_heavy():
    statement = (
        "import numpy as np, ellayer; "
        "ellayer.train(ellayer.Network([2, 3, 1], 'tanh'), np.eye(2), np.array([[0, 1]]), num_iterations=3)"
    )
    assert not _fresh(statement)["loaded"] & HEAVY


def test_every_public_name_of_the_root_can_be_imported():
    for name in ellayer.__all__:
        assert getattr(ellayer, name) is not None
    assert set(ellayer.__all__) <= set(dir(ellayer))
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = ellayer.trian


def test_every_package_lists_its_public_names_and_has_them(modules):
    packages = [m.name for m in modules if m.path.name == "__init__.py" and m.name.count(".") == 1]
    assert packages
    for name in packages:
        package = importlib.import_module(name)
        assert getattr(package, "__all__", None), f"{name} lists no public names in __all__"
        missing = [public for public in package.__all__ if not hasattr(package, public)]
        assert not missing, f"{name}.__all__ names {missing}, which are not there"
        assert len(set(package.__all__)) == len(package.__all__), f"{name}.__all__ names something twice"
        assert not [public for public in package.__all__ if public.startswith("_")]
