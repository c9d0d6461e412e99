"""Store what the blocks that need the notes' pictures print and draw: ``ELLAYER_CATS=folder python docs/_tools/storing.py``."""

import os
from pathlib import Path
from typing import Any

from PIL import Image
from running import CATS, blocks
from showing import STORED, checked_run, markdown_of, quiet_place, stored_name

PAGE = STORED.parents[1] / "book" / "cats.md"
WIDTH = 900  # pixels of a stored picture, at most


def main() -> None:
    """Run the chapter and replace its stored outputs."""
    os.environ[CATS] = str(Path(os.environ[CATS]).resolve())
    STORED.mkdir(parents=True, exist_ok=True)
    for path in STORED.iterdir():
        path.unlink()
    names: dict[str, Any] = {"__name__": PAGE.stem}
    with quiet_place():
        for block in blocks(PAGE.read_text(encoding="utf-8")):
            if block.is_code and block.can_run:
                output = checked_run(block, names, PAGE.stem)
                if "cats" in block.words:
                    path = STORED / f"{stored_name(block)}.png"
                    (STORED / f"{stored_name(block)}.txt").write_text(
                        markdown_of(output, path, PAGE.parent), encoding="utf-8"
                    )
                    _shrink(path)


def _shrink(path: Path) -> None:
    """Make a picture small enough for the repository: fewer pixels, 128 colours."""
    if path.exists():
        with Image.open(path) as image:
            image.thumbnail((WIDTH, WIDTH))
            image.convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    main()
