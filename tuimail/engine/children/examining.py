"""The child of `examine`: what libmagic sees and what the rules find, as JSON."""

from __future__ import annotations

import json

from tuimail.engine.children.serving import serve
from tuimail.mime import risk
from tuimail.mime.examine import examine
from tuimail.mime.verdicts import Context, Sample


def main() -> None:
    """Serve until the parent is gone."""
    serve(_answer)


def _answer(kind: str, filename: str, declared_type: str, sample: Sample, context: Context) -> bytes:
    real_type = risk.real_type(sample.head)
    findings = examine(filename, declared_type, sample, real_type, context)
    told = {
        "type": real_type, "verdict": int(findings.verdict), "reasons": findings.reasons, "name": findings.shown_name,
    }  # fmt: skip
    return json.dumps(told).encode("ascii")
