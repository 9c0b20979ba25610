"""Mail that came is looked at in a child process of its own: five seconds, 512 MiB, then it is replaced.

Attachments are examined and texts are made there, on another core than the download's. The
rules are `mime.examining.examine`; here is what they need from outside: libmagic, a hash, and the word
of a ClamAV daemon where there is one. What the child says is checked before it is believed:
the octets it looked at were a stranger's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tuimail.engine.children.apart import Apart, unframed
from tuimail.engine.children.child import START_S, Child, command_for
from tuimail.engine.children.clamd import Clamd
from tuimail.engine.log import Log
from tuimail.mime.clean import clean_line, safe_filename
from tuimail.mime.examining.examine import MAX_REASON, MAX_REASONS, examine_unread
from tuimail.mime.examining.verdicts import Context, Findings, Sample, Verdict

TIMEOUT_S: Final = 5.0
MAX_TYPE: Final = 100
MAX_MESSAGE_OCTETS: Final = 8 << 20
"""Larger ones are not handed to the child whole."""


@dataclass(frozen=True, slots=True)
class Examined:
    """All that is known of an attachment's octets."""

    real_type: str
    """libmagic's; empty when it cannot tell."""
    sha256: str
    """Of the decoded octets, in lower case hex."""
    size_octets: int
    findings: Findings


class Examiner:
    """Asks the child. Safe to use from several threads, one at a time."""

    def __init__(
        self,
        log: Log,
        *,
        clamd: Clamd | None = None,
        timeout_s: float = TIMEOUT_S,
        start_s: float = START_S,
        command: Sequence[str] | None = None,
    ) -> None:
        self._log = log
        self._clamd = clamd
        command = command or command_for("tuimail.engine.children.examining")
        self._child = Child(log, "examine", command, timeout_s=timeout_s, start_s=start_s)

    def use(self, clamd: Clamd | None) -> None:
        """Ask this daemon from now on; None to ask none."""
        self._clamd = clamd

    def warm(self) -> None:
        """Start the child now, without waiting for it."""
        self._child.warm()

    def close(self) -> None:
        """End the child."""
        self._child.close()

    @property
    def pid(self) -> int:
        """The child's process, 0 while there is none."""
        return self._child.pid

    def examine_attachment(self, decoded: bytes, *, filename: str, declared_type: str, context: Context) -> Examined:
        """What is known of an attachment; never raises on account of what it holds.

        `decoded` are its octets without transfer encoding, `filename` is the name as it
        came. What could not be examined is suspicious, and says so.
        """
        answer = self._child.ask("examine", filename, declared_type, Sample.of(decoded), context)
        understood = _understood(answer) if answer is not None else None
        if answer is not None and understood is None:
            self._log.write("examine.garbled")
        real_type, findings = understood or ("", examine_unread(filename, declared_type, context))
        findings = self._with_clamd(decoded, findings)
        return Examined(real_type, hashlib.sha256(decoded).hexdigest(), len(decoded), findings)

    def parts(self, raws: Sequence[bytes], *, without_files: bool) -> list[Apart] | None:
        """The parts of whole messages, ready to be kept, and their readable texts; None when the child failed.

        None in place of one message: it could not be taken apart. `without_files` leaves attachments out.
        """
        return self._apart(self._child.ask("parts", list(raws), without_files), len(raws))

    def texts(self, raws: Sequence[bytes]) -> list[Apart] | None:
        """As `parts`, the readable texts alone."""
        return self._apart(self._child.ask("texts", list(raws)), len(raws))

    def _apart(self, answer: bytes | None, count: int) -> list[Apart] | None:
        found = unframed(answer, count) if answer is not None else None
        if answer is not None and found is None:
            self._log.write("examine.garbled")
        return found

    def _with_clamd(self, decoded: bytes, findings: Findings) -> Findings:
        clamd = self._clamd  # another thread may change it
        if clamd is None:
            return findings
        found = clamd.scan(decoded).found
        if not found:
            return findings
        reasons = (f"ClamAV found {found} in it.", *findings.reasons)[:MAX_REASONS]
        return replace(findings, verdict=Verdict.DANGEROUS, reasons=reasons)


def _understood(answer: bytes) -> tuple[str, Findings] | None:
    """The type and the findings in an answer; None when it is not one."""
    try:
        told = json.loads(answer)
        real_type, verdict, reasons, name = told["type"], Verdict(told["verdict"]), told["reasons"], told["name"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = [real_type, name, *(reasons if isinstance(reasons, list) else [None])]
    if not all(isinstance(text, str) for text in texts):
        return None
    cleaned = tuple(clean_line(reason, MAX_REASON) for reason in reasons[:MAX_REASONS])
    return clean_line(real_type, MAX_TYPE), Findings(verdict, cleaned, safe_filename(name))
