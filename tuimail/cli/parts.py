"""`attachments` and `save`: the parts of messages, and the way out for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tuimail.cli.cli import Cli
from tuimail.cli.listed import envelope_of
from tuimail.cli.output import Cell, Column, size_words
from tuimail.cli.waiting import Fetcher
from tuimail.errors import NotDownloaded, QuarantineRefused, UsageError
from tuimail.model import Attachment, Envelope, HeldState
from tuimail.store import Store
from tuimail.store.files import save_part
from tuimail.ui.beside.attached import attachments_of
from tuimail.ui.lines.held_lines import verdict_words


def attachments(cli: Cli) -> int:
    """Print the attachments of messages."""
    with cli.store() as store:
        envelopes = [envelope_of(store, envelope_id) for envelope_id in cli.options.ids]
        found = [each for envelope in envelopes for each in attachments_of(store, envelope)]
    if cli.out.as_json:
        cli.out.json([attachment_values(each) for each in found])
        return 0
    if not found:
        cli.out.note("There are no attachments.")
        return 0
    columns = [
        Column("ID", right=True), Column("PART"), Column("NAME", flexible=True), Column("SIZE", right=True),
        Column("TYPE", flexible=True), Column("SEEN IN THE BYTES", flexible=True),
    ]  # fmt: skip
    cli.out.table(columns, [
        (str(each.envelope_id), each.section, Cell(each.filename, "bold"),
         size_words(each.size_octets) if each.is_here else "~" + size_words(each.size_octets),
         each.declared_type, _seen(each))
        for each in found
    ])  # fmt: skip
    for each in found:
        for warning in each.warnings:
            cli.out.note(Cell(f"{each.envelope_id} {each.section}: ", "warn"), warning)
    return 0


def save(cli: Cli) -> int:
    """Save one attachment of a message, or all, and say where."""
    options = cli.options
    saved: list[tuple[Attachment, Path]] = []
    with cli.store() as store, Fetcher(cli, store) as fetcher:
        envelope_id, named = options.id
        envelope = envelope_of(store, envelope_id)
        found = attachments_of(store, envelope)
        part = _named_part(named, options.part, envelope_id)
        chosen = _chosen(found, part, envelope_id)
        for attachment in chosen:
            _refuse_held(attachment)
        for attachment in chosen:
            directory, name = destination(options.to, attachment.filename, several=part == "all")
            _refuse_existing(directory / name, overwrite=options.overwrite)
            _fetch(store, fetcher, envelope, attachment)
            file = save_part(store, envelope.id, attachment.section, directory, name, overwrite=options.overwrite)
            here = next(each for each in attachments_of(store, envelope) if each.section == attachment.section)
            saved.append((here, file))
    for attachment, file in saved:
        if not cli.out.as_json:
            cli.out.line(f"{file}  {size_words(file.stat().st_size)}")
        for warning in attachment.warnings:
            cli.out.note(Cell("Beware: ", "warn"), warning)
    if cli.out.as_json:
        cli.out.json([{**attachment_values(each), "file": str(file)} for each, file in saved])
    return 0


def attachment_values(attachment: Attachment) -> dict[str, object]:
    """An attachment as JSON shows it."""
    return {
        "id": attachment.envelope_id,
        "part": attachment.section,
        "filename": attachment.filename,
        "original_filename": attachment.original_filename,
        "declared_type": attachment.declared_type,
        "real_type": attachment.real_type,
        "size_octets": attachment.size_octets,
        "is_here": attachment.is_here,
        "hold": attachment.hold.value if attachment.hold is not None else None,
        "verdict": verdict_words(attachment.verdict) if attachment.hold is not None else None,
        "warnings": list(attachment.warnings),
    }


def destination(to: str | None, filename: str, *, several: bool) -> tuple[Path, str]:
    """Directory and file name to save as; `to` is a directory, a file name, or nothing.

    Raises UsageError where the directory does not exist.
    """
    target = Path(to).expanduser() if to else Path()
    if several or to is None or target.is_dir() or (to and to.endswith("/")):
        directory, name = target, filename
    else:
        directory, name = target.parent, target.name
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory.", "Make it first, or name another with --to.")
    if name in ("", ".", ".."):
        raise UsageError(f"{to} names no file.", "Name a directory that is there, or a file.")
    return directory, name


def _named_part(with_message: str, alone: str | None, envelope_id: int) -> str:
    if with_message and alone:
        raise UsageError(f"Two parts of message {envelope_id} are named.", f"One is enough: {envelope_id}:{alone}.")
    if part := with_message or alone:
        return part
    raise UsageError(
        f"Which attachment of message {envelope_id}?", f"`tuimail attachments {envelope_id}` prints them; `all` is all."
    )


def _chosen(found: Sequence[Attachment], part: str, envelope_id: int) -> Sequence[Attachment]:
    chosen = found if part == "all" else [each for each in found if each.section == part]
    if chosen:
        return chosen
    if not found:
        raise UsageError(f"Message {envelope_id} has no attachments.", "`tuimail show` prints its text.")
    parts = ", ".join(f"{each.section} ({each.filename})" for each in found)
    raise UsageError(f"Message {envelope_id} has no attachment {part}.", f"There is: {parts}.")


def _refuse_existing(file: Path, *, overwrite: bool) -> None:
    """Before anything is fetched for nothing; the writer refuses again."""
    if not overwrite and (file.exists() or file.is_symlink()):
        raise UsageError(f"{file} is there already.", "Choose another name with --to, or add --overwrite.")


def _seen(attachment: Attachment) -> str:
    """What is known of the bytes: their type, and whether they may be had."""
    if attachment.hold in (HeldState.HELD, HeldState.DELETED):
        verdict = verdict_words(attachment.verdict) if attachment.hold is HeldState.HELD else ""
        return ", ".join(filter(None, (attachment.hold.value, verdict, attachment.real_type)))
    return attachment.real_type if attachment.is_here else "not downloaded"


def _refuse_held(attachment: Attachment) -> None:
    name = f"{attachment.envelope_id}:{attachment.section}"
    if attachment.hold is HeldState.HELD:
        raise QuarantineRefused(
            f"{attachment.filename} is held.", f"Look at it with `tuimail quarantine show {name}`, then release it."
        )
    if attachment.hold is HeldState.DELETED:
        left = "Only a note of it is left in its message." if attachment.is_here else "The server still has it."
        raise QuarantineRefused(f"{attachment.filename} was deleted here.", left)


def _fetch(store: Store, fetcher: Fetcher, envelope: Envelope, attachment: Attachment) -> None:
    if store.parts.info(envelope.id, attachment.section) is None:
        try:
            fetcher.fetch(envelope, attachment.section)
        except NotDownloaded:
            # Of mail on a server it may have been held just now.
            for each in attachments_of(store, envelope):
                if each.section == attachment.section:
                    _refuse_held(each)
            raise
    if store.parts.info(envelope.id, attachment.section) is None:
        raise NotDownloaded("The attachment came, but could not be kept here.", "Look into `tuimail doctor`.")
