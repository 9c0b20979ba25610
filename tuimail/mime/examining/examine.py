"""An attachment's name, types and bytes to a verdict with reasons in plain words.

Pure: bytes come in as a `Sample`, libmagic's word as a string; nothing is unpacked,
opened or run, and nothing is raised. It is called in a bounded child all the same.
There is no verdict that says "safe": no finding means that nothing was seen here.
"""

from __future__ import annotations

from collections.abc import Iterable

from tuimail.mime.clean import clean_line, safe_filename
from tuimail.mime.examining.archives import UNLISTED, archive_findings
from tuimail.mime.examining.documents import document_findings
from tuimail.mime.examining.kinds import Kind, kind_of_extension, kind_of_type
from tuimail.mime.examining.namefaults import name_faults
from tuimail.mime.examining.risk import About, Doubt, doubts, extensions_of, fits
from tuimail.mime.examining.scripts import script_type, text_of
from tuimail.mime.examining.signatures import type_by_octets
from tuimail.mime.examining.verdicts import Context, Finding, Findings, Sample, Verdict

MAX_NAME = 4_000
MAX_REASONS = 12
MAX_REASON = 400

NEW_SENDER = "No mail of this sender was here before."
OVER_A_LIST = "It came over a mailing list; the sender's name proves little there."
NOT_EXAMINED = "It could not be examined."

_IMPORTANCE = (About.BYTES, About.RUNS, About.NAME, About.DECLARED, About.EMPTY)
_OWN_WORDS = {
    "macro": "Documents of this kind can hold macros, which are programs.",
    "image-disk": "It is a disk image: what is on it escapes the checks that mail and downloads get.",
    "onenote": "OneNote files can hold other files that run at a click.",
}
"""Families that do not run by themselves; only what is found in them can be worse."""
_PAGE = "It is a web page: opened in a browser it can load programs and ask for passwords."
_ASKED_OF_STRANGERS = frozenset(["word", "excel", "slides", "ole", "archive", "database", "tnef"])
_FROM_A_STRANGER = "Files of this kind are often attacks when they come from somebody new."


def examine(
    original_filename: str, declared_type: str, sample: Sample, real_type: str, context: Context
) -> Findings:
    """The verdict on an attachment, its reasons (the most important first) and the name to show.

    `original_filename` as it came, not cleaned; `real_type` is libmagic's, or empty.
    """
    filename = original_filename[:MAX_NAME]
    extensions = extensions_of(filename)
    named = kind_of_extension(extensions[-1]) if extensions else None
    real = _best_type(sample, real_type, named)
    actual = kind_of_type(real)
    found = [
        *_weighed(doubts(filename, declared_type, real), named, actual),
        *(archive_findings(sample, actual if _is_package(actual) else named) or ()),
        *document_findings(sample, _family(named, actual)),
        *_class_findings(named, actual),
        *name_faults(filename),
    ]
    return _findings([*found, *_context_findings(found, named, actual, context)], filename)


def examine_unread(original_filename: str, declared_type: str, context: Context) -> Findings:
    """The verdict on an attachment whose bytes could not be examined: by its name, and suspicious at least."""
    by_name = examine(original_filename, declared_type, Sample(b"", b"", 0), "", context)
    verdict = max(by_name.verdict, Verdict.SUSPICIOUS)
    return Findings(verdict, (NOT_EXAMINED, *by_name.reasons)[:MAX_REASONS], by_name.shown_name)


def _family(named: Kind | None, actual: Kind | None) -> str:
    """What the bytes are, or else are called. A text about web pages is no page: it opens in an editor."""
    if actual is None or (actual.family == "html" and named is not None and named.family in ("text", "mail")):
        return named.family if named is not None else ""
    return actual.family


def _is_package(kind: Kind | None) -> bool:
    return kind is not None and kind.family in ("java", "package", "ebook")


def _best_type(sample: Sample, real_type: str, named: Kind | None) -> str:
    """libmagic's word, unless the octets say worse or it has none."""
    seen = kind_of_type(real_type)
    if seen is not None and seen.is_program and seen.family != "script":
        return real_type
    ours = type_by_octets(sample)
    if not ours and (seen is None or seen.family in ("text", "script", "xml")):
        ours = script_type(text_of(sample.head))
    own = kind_of_type(ours)
    if own is not None and own.family == "windows" and seen is not None and seen.family == "text":
        return real_type  # a text that begins with "MZ"
    if own is not None and (own.is_program or seen is None):
        return ours
    if seen is not None and seen.family == "script" and not ours and named is not None and named.family == "text":
        return "text/plain"  # libmagic takes many a text for a script; our own rules did not
    return real_type


def _weighed(found: Iterable[Doubt], named: Kind | None, actual: Kind | None) -> Iterable[Finding]:
    """What `risk` doubts, by how much it matters."""
    runs = any(kind is not None and kind.is_program and kind.family not in _OWN_WORDS for kind in (named, actual))
    if actual is not None and actual.family == "script" and named is not None and named.family == "text":
        runs = False  # an editor opens it
    worst = Verdict.DANGEROUS if runs else Verdict.SUSPICIOUS
    for doubt in sorted(found, key=lambda doubt: _IMPORTANCE.index(doubt.about)):
        if doubt.about is About.EMPTY:
            yield Finding(Verdict.NO_FINDING, doubt.sentence)
        elif doubt.about is About.DECLARED:
            is_sure = actual is not None and named is not None and fits(named, actual)
            yield Finding(Verdict.NO_FINDING if is_sure else Verdict.SUSPICIOUS, doubt.sentence)
        elif doubt.about is not About.RUNS or runs:
            yield Finding(worst, doubt.sentence)
        elif actual is not None and actual.family == "script":
            yield Finding(worst, "The text is a script, or looks like one.")


def _class_findings(named: Kind | None, actual: Kind | None) -> Iterable[Finding]:
    """What a kind of file can do by its nature."""
    for family in dict.fromkeys(kind.family for kind in (actual, named) if kind is not None):
        if family in _OWN_WORDS:
            yield Finding(Verdict.SUSPICIOUS, _OWN_WORDS[family])
    kind = named or actual
    if kind is not None and kind.family == "html":
        yield Finding(Verdict.SUSPICIOUS, _PAGE)


def _context_findings(
    found: list[Finding], named: Kind | None, actual: Kind | None, context: Context
) -> Iterable[Finding]:
    """How it came: it never makes a finding of an honest picture, and never takes one away."""
    is_found = any(finding.verdict > Verdict.NO_FINDING for finding in found)
    if context.first_time_sender:
        families = {kind.family for kind in (named, actual) if kind is not None}
        unlisted = any(finding.reason == UNLISTED for finding in found)
        if not is_found and (unlisted or families & _ASKED_OF_STRANGERS):
            yield Finding(Verdict.SUSPICIOUS, _FROM_A_STRANGER)
            is_found = True
        if is_found:
            yield Finding(Verdict.NO_FINDING, NEW_SENDER)
    if context.from_list and is_found:
        yield Finding(Verdict.NO_FINDING, OVER_A_LIST)


def _findings(found: Iterable[Finding], filename: str) -> Findings:
    """The worst first; each reason once, cleaned, for a name may stand in it."""
    ordered = sorted(found, key=lambda finding: -finding.verdict)
    reasons = tuple(dict.fromkeys(clean_line(finding.reason, MAX_REASON) for finding in ordered))
    verdict = ordered[0].verdict if ordered else Verdict.NO_FINDING
    return Findings(verdict, reasons[:MAX_REASONS], safe_filename(filename))
