"""Files: none too long to read, no two of one name in a package."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

LONGEST = 400
CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"

# Names that stand twice in one package, and why.
SAME_NAME = {
    ("estimators", "base"): "one each for mlp and tabular",
    ("estimators", "classifier"): "one each for mlp and tabular",
    ("estimators", "regressor"): "one each for mlp and tabular",
    ("cli", "display"): "the results of a run, and those of reproduce",
}


def longer_files() -> dict[str, str]:
    """Return the files that may be longer, with the reason, as CONTRIBUTING lists them."""
    section = (
        CONTRIBUTING.read_text(encoding="utf-8").partition("### Files over 400 lines")[2].partition("\n#")[0]
    )
    return dict(re.findall(r"^- `([\w/.]+)`: (.+)", section, flags=re.MULTILINE))


def test_no_file_is_too_long_to_read(modules):
    if not CONTRIBUTING.exists():
        pytest.skip("the tests run without the repository's own pages")
    lengths = {
        module.path.as_posix().partition("/ellayer/")[2]: len(
            module.path.read_text(encoding="utf-8").splitlines()
        )
        for module in modules
    }
    long = {name: length for name, length in lengths.items() if length > LONGEST}
    excused = longer_files()
    wrong = [f"{name}: {length} lines" for name, length in long.items() if name not in excused]
    assert not wrong, "split these, or give the reason in CONTRIBUTING:\n" + "\n".join(wrong)
    assert not set(excused) - set(long), "CONTRIBUTING excuses files that are short or gone"


def test_no_two_files_of_a_package_have_one_name(modules):
    files = defaultdict(list)
    for module in modules:
        if module.path.stem != "__init__":
            files[module.package, module.path.stem].append(str(module.path))
    twice = {key for key, paths in files.items() if len(paths) > 1}
    assert not twice - set(SAME_NAME), sorted(twice - set(SAME_NAME))
    assert not set(SAME_NAME) - twice, "names that no longer stand twice"
