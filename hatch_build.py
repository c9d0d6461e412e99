"""A build hook: the README, with absolute links, is the description of the package."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r'(\]\(|src=")(?!https?:|#)([^)"\s]+)')
PICTURES = {".png", ".svg"}


class ReadmeHook(MetadataHookInterface):
    """Set ``readme`` from README.md."""

    def update(self, metadata: dict[str, Any]) -> None:
        source = metadata["urls"]["Source"]

        def absolute(match: re.Match[str]) -> str:
            view = "raw" if Path(match[2]).suffix in PICTURES else "blob"
            return f"{match[1]}{source}/{view}/main/{match[2]}"

        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": LINK.sub(absolute, text)}
