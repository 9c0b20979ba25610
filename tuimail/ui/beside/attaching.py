"""Files for a draft: names as a person types them, and what a terminal pastes when a file is dropped on it.

What must not live here: Textual, and the copying itself (`store.writing.drafts`). What touches a disk
here is called in a thread.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tuimail.ui.beside.saving import MAX_FOLDERS, MAX_PATH, beginning, expanded


def path_names(parent: Path, prefix: str) -> list[str]:
    """Folders (with a slash) and files in `parent` that begin with `prefix`, folders first.

    As `saving.folder_names`: no hidden ones unless a dot was typed, and none that could not be shown as it is.
    """
    folders: list[str] = []
    files: list[str] = []
    try:
        for entry in islice(beginning(parent, prefix), MAX_FOLDERS):
            (folders if entry.is_dir() else files).append(entry.name)
    except OSError:
        return []
    return [f"{name}/" for name in sorted(folders, key=str.casefold)] + sorted(files, key=str.casefold)


def pasted_file(pasted: str, environ: Mapping[str, str]) -> Path | None:
    """The file that a pasted text names, if there is one: a path, quoted or not, or a `file:` address."""
    if not pasted or len(pasted) > MAX_PATH or "\n" in pasted or "\0" in pasted:
        return None
    for candidate in _readings(pasted.strip()):
        path = expanded(candidate, environ)
        try:
            if path.is_file():
                return path
        except (OSError, ValueError):
            continue
    return None


def _readings(pasted: str) -> list[str]:
    """What it may mean: as it stands, without quotes and backslashes, or from an address."""
    if re.match("(?i)file://", pasted):
        parts = urlsplit(pasted)
        return [unquote(parts.path)] if parts.netloc in ("", "localhost") else []
    if not pasted.startswith(("/", "~/", "'", '"')):
        return []
    readings = [pasted]
    try:
        words = shlex.split(pasted)
    except ValueError:
        words = []
    if len(words) == 1 and words[0] != pasted:
        readings.append(words[0])
    return [reading for reading in readings if reading.startswith(("/", "~/"))]
