"""A build hook: the description of the package is the README with absolute links, and its URLs are those of the repository.

The address of the repository stands in ``pyproject.toml``, in one place.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r'(\]\(|src=")(?!https?:|#)([^)"\s]+)')
PICTURES = {".png", ".svg"}


URLS = {
    "Documentation": "/tree/main/docs",
    "Source": "",
    "Issues": "/issues",
    "Changelog": "/blob/main/CHANGELOG.md",
}


class RepositoryHook(MetadataHookInterface):
    """Set ``urls``, and ``readme`` from README.md."""

    def update(self, metadata: dict[str, Any]) -> None:
        repository = self.config["repository"]

        def absolute(match: re.Match[str]) -> str:
            view = "raw" if Path(match[2]).suffix in PICTURES else "blob"
            return f"{match[1]}{repository}/{view}/main/{match[2]}"

        metadata["urls"] = {name: repository + place for name, place in URLS.items()}
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": LINK.sub(absolute, text)}
