"""`quarantine list|show|release|delete`: attachments that are held back, from scripts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tuimail.cli.cli import Cli
from tuimail.cli.output import Cell, Column, size_words
from tuimail.cli.questions import Questions
from tuimail.cli.times import iso, local
from tuimail.errors import MailError, UsageError, Vanished
from tuimail.mime.examining.peek import hex_lines, text_lines
from tuimail.model import EnvelopeId, Held, HeldState, Section, Verdict
from tuimail.store import Store
from tuimail.store.holding.quarantine import PartState
from tuimail.ui.beside.holding import MOST, delete_held, deleted_words, has_findings, held_of, look_into, worst_reason
from tuimail.ui.lines.held_lines import NO_REASON, NOT_EXAMINED, shown_name, state_words, verdict_words

STYLES = {Verdict.DANGEROUS: "bad", Verdict.SUSPICIOUS: "warn", Verdict.NO_FINDING: "", None: "dim"}
_STATES = {
    "held": (PartState.HELD,),
    "released": (PartState.RELEASED,),
    "deleted": (PartState.DELETING, PartState.DELETED),
    "all": (PartState.HELD, PartState.RELEASED, PartState.DELETING, PartState.DELETED),
}
HOW_TO_LIST = "`tuimail quarantine list` prints what is held."


def list_held(cli: Cli) -> int:
    """Print attachments of one state or all, newest first."""
    options = cli.options
    account = cli.account(options.account).name if options.account else None
    with cli.store() as store:
        parts = store.quarantine.find(account=account, states=_STATES[options.state], limit=MOST)
    found = [held_of(part) for part in parts]
    if options.verdict:
        found = [held for held in found if verdict_words(held.verdict).replace(" ", "-") == options.verdict]
    if cli.out.as_json:
        cli.out.json([held_values(held) for held in found])
        return 0
    if not found:
        cli.out.note("Nothing is held." if options.state == "held" and not options.verdict else "Nothing was found.")
        return 0
    columns = [
        Column("ID", right=True), Column("VERDICT"), Column("NAME", flexible=True), Column("SIZE", right=True),
        Column("REALLY", flexible=True), Column("SENDER", flexible=True), Column("DATE"),
    ]  # fmt: skip
    cli.out.table(columns, [
        (name_of(held), Cell(_state(held), STYLES[held.verdict]), Cell(shown_name(held), "bold"),
         size_words(held.size_octets), held.real_type or "not known", held.sender, local(held.sort_at))
        for held in found
    ])  # fmt: skip
    return 0


def show(cli: Cli) -> int:
    """Print everything that is known of some, and on request their first octets."""
    values = []
    with cli.store() as store:
        for held in _chosen(cli, store):
            if cli.out.as_json:
                values.append(held_values(held))
            else:
                _print(cli, store, held)
    if cli.out.as_json:
        cli.out.json(values)
    return 0


def release(cli: Cli) -> int:
    """Let some go, so that they can be saved; with findings after a second question."""
    with _deciding(cli, "released", "Releasing") as (store, chosen):
        released = []
        for held in chosen:
            if held.state is not HeldState.HELD:
                raise UsageError(f"{name_of(held)} is {held.state.value} already.", HOW_TO_LIST)
            if has_findings(held):
                _beware(cli, held)
            if not cli.options.yes:
                _ask_release(cli, held)
            store.quarantine.release(held.envelope_id, held.section, at=int(time.time()))
            released.append(held)
            if not cli.out.as_json:
                cli.out.line(
                    f"Released {name_of(held)}, {shown_name(held)}. "
                    f"`tuimail save {held.envelope_id} {held.section}` saves it."
                )
        _tell_json(cli, store, released)
    return 0


def delete(cli: Cli) -> int:
    """Take some out of their stored messages, which keep a note."""
    with _deciding(cli, "deleted", "Deleting") as (store, chosen):
        deleted = []
        for held in chosen:
            if held.state is HeldState.DELETED:
                raise UsageError(f"{name_of(held)} is deleted already.", HOW_TO_LIST)
            if not cli.options.yes:
                left = deleted_words(held)
                question = f"Delete {name_of(held)}, {shown_name(held)}? It cannot come back here. {left}"
                if not Questions(cli.out).yes(question, default=False):
                    raise UsageError(f"{name_of(held)} was not deleted.")
            delete_held(store, held, at=int(time.time()))
            deleted.append(held)
            if not cli.out.as_json:
                cli.out.line(f"Deleted {name_of(held)}, {shown_name(held)}. {deleted_words(held)}")
        _tell_json(cli, store, deleted)
    return 0


def held_values(held: Held) -> dict[str, object]:
    """One of them as JSON shows it."""
    return {
        "id": name_of(held),
        "message": held.envelope_id,
        "part": held.section,
        "account": held.account,
        "state": held.state.value,
        "verdict": verdict_words(held.verdict),
        "reasons": list(held.reasons),
        "filename": shown_name(held),
        "original_filename": held.filename,
        "declared_type": held.declared_type,
        "real_type": held.real_type,
        "size_octets": held.size_octets,
        "sha256": held.sha256,
        "sender": held.sender,
        "subject": held.subject,
        "date": iso(held.sort_at),
        "decided_at": iso(held.decided_at),
        "on_server": held.on_server,
    }


def name_of(held: Held) -> str:
    """What it is called on the command line: message and part, `17:2`."""
    return f"{held.envelope_id}:{held.section}"


# --- inside -----------------------------------------------------------------------


def _state(held: Held) -> str:
    if held.state is HeldState.HELD:
        return verdict_words(held.verdict)
    return f"{state_words(held)} ({verdict_words(held.verdict)})"


def _chosen(cli: Cli, store: Store) -> list[Held]:
    """Those that were named, in that order; raises Vanished for one that is not there."""
    chosen = []
    for envelope_id, section in dict.fromkeys(cli.options.held):
        part = store.quarantine.get(EnvelopeId(envelope_id), Section(section))
        if part is None:
            raise Vanished(f"There is no {envelope_id}:{section} in the quarantine.", HOW_TO_LIST)
        chosen.append(held_of(part))
    return chosen


@contextmanager
def _deciding(cli: Cli, done: str, doing: str) -> Iterator[tuple[Store, list[Held]]]:
    """The store to write to, and what is to be decided about; an engine that runs is told afterwards."""
    if not cli.options.yes and not cli.is_asked:
        raise UsageError(f"{doing} needs a yes, and there is nobody to ask.", f"Add --yes; nothing was {done}.")
    with cli.store() as looking:
        _chosen(cli, looking)
    with cli.store(write=True) as store:
        yield store, _chosen(cli, store)


def _beware(cli: Cli, held: Held) -> None:
    verdict = verdict_words(held.verdict)
    for reason in held.reasons or (worst_reason(held),):
        cli.out.note(Cell(f"{name_of(held)} {verdict}: ", STYLES[held.verdict] or "warn"), reason)


def _ask_release(cli: Cli, held: Held) -> None:
    questions = Questions(cli.out)
    sure = questions.yes(f"Release {name_of(held)}, {shown_name(held)}?", default=False)
    if sure and has_findings(held):
        again = f"It is {verdict_words(held.verdict)}. Released, it can be saved and opened by any program. Really?"
        sure = questions.yes(again, default=False)
    if not sure:
        raise UsageError(f"{name_of(held)} stays held.")


def _tell_json(cli: Cli, store: Store, decided: list[Held]) -> None:
    if cli.out.as_json:
        parts = [store.quarantine.get(held.envelope_id, held.section) for held in decided]
        cli.out.json([held_values(held_of(part)) for part in parts if part is not None])


def _print(cli: Cli, store: Store, held: Held) -> None:
    out = cli.out
    out.line(Cell(name_of(held), "bold"), "  ", Cell(shown_name(held), "bold"))
    out.line("  verdict   ", Cell(_state(held), STYLES[held.verdict]))
    for reason in held.reasons:
        out.line("  because   ", reason)
    if not held.reasons:
        out.line("            ", NOT_EXAMINED if held.verdict is None else NO_REASON)
    if held.filename != shown_name(held):
        out.line("  its name  ", held.filename or "(none)")
    out.line("  sent as   ", held.declared_type or "unknown")
    out.line("  really    ", held.real_type or "not known")
    out.line("  size      ", f"{size_words(held.size_octets)} ({held.size_octets:,} octets)")
    out.line("  sha256    ", held.sha256 or "not known")
    out.line("  from      ", held.sender)
    out.line("  subject   ", held.subject)
    out.line("  sent      ", local(held.sort_at))
    if held.state is not HeldState.DELETED:
        _print_inside(cli, store, held)
    out.line()


def _print_inside(cli: Cli, store: Store, held: Held) -> None:
    try:
        inside = look_into(store, held)
    except MailError as exc:
        if cli.options.hex or cli.options.text:
            cli.out.note(f"{name_of(held)}: {exc.sentence} {exc.advice}".rstrip())
        return
    for name in inside.names:
        cli.out.line("  inside    ", name)
    lines = hex_lines(inside.octets) if cli.options.hex else text_lines(inside.octets) if cli.options.text else ()
    for line in lines:
        cli.out.line("  ", line)
