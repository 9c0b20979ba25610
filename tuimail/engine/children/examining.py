"""The child of `examine`: what libmagic sees and what the rules find, what a person reads, and all parts."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from tuimail.engine.children.serving import serve
from tuimail.engine.children.taking_apart import parts_of_all, texts_of_all
from tuimail.mime.examining import risk
from tuimail.mime.examining.examine import examine
from tuimail.mime.examining.verdicts import Context, Sample


def main() -> None:
    """Serve until the parent is gone. Nobody waits for it as one waits for a key or a download."""
    os.nice(5)
    serve(_answer)


def _answer(kind: str, *subject: Any) -> bytes:  # Any: as examine.Examiner sends it, by kind
    match kind:
        case "parts":
            return _parts(*subject)
        case "texts":
            return texts_of_all(*subject)
        case _:
            return _findings(*subject)


def _parts(raws: Sequence[bytes], without_files: bool) -> bytes:
    return parts_of_all(raws, without_files=without_files)


def _findings(filename: str, declared_type: str, sample: Sample, context: Context) -> bytes:
    real_type = risk.real_type(sample.head)
    findings = examine(filename, declared_type, sample, real_type, context)
    told = {
        "type": real_type, "verdict": int(findings.verdict), "reasons": findings.reasons, "name": findings.shown_name,
    }  # fmt: skip
    return json.dumps(told).encode("ascii")
