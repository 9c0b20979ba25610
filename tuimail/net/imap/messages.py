"""Commands about the messages of the selected mailbox: FETCH, SEARCH, STORE, COPY, MOVE, EXPUNGE.

Everything goes by UID; sequence numbers are never used. Long sets are split so that no
command line grows beyond what servers take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from tuimail.errors import ProtocolViolation, UsageError
from tuimail.model import Section
from tuimail.net.imap import answers, fetch, names, uids
from tuimail.net.imap.answers import Answer, Status
from tuimail.net.imap.dialogue import Ahead, Dialogue, parenthesised
from tuimail.net.imap.limits import KIBI, MAX_UIDS
from tuimail.net.imap.news import vanished_ranges
from tuimail.net.imap.values import Copied, FetchedFlags, FetchedHeader, FlagsAnswer
from tuimail.net.link import wire

_GONE = frozenset({"EXPUNGEISSUED"})
"""RFC 5530: some of the messages are no longer there; what came is good."""

MAX_STREAM_OCTETS = 1 << 40
"""Whole messages are bounded one by one."""


def fetch_headers(
    dialogue: Dialogue, text: str, fields: tuple[str, ...], *, with_modseq: bool, then: str = ""
) -> Iterator[FetchedHeader]:
    """Headers of a set, as they come; an iterator that is not read to its end gives the connection up.

    `then` is the set that will be wanted next: it is asked for at once, so that the server
    works on it while this one is taken in. A server may work on both at a time (RFC 9051 5.5;
    Dovecot does when its output waits), so what comes early is kept for its turn.
    """
    limits = dialogue.limits
    reader = fetch.HeaderReader(limits, fields)
    wanted = reader.items(with_modseq=with_modseq)
    pieces = list(uids.split_set(text))
    following = [*pieces[1:], next(uids.split_set(then)) if then else ""]
    for piece, next_piece in zip(pieces, following, strict=True):
        count = min(uids.Asked(piece).count(), MAX_UIDS)
        # A header of 512 KiB is possible, a thousand of them are an attack.
        octets = limits.octets + count * 8 * KIBI + 16 * limits.header_octets
        dialogue.start(
            "UID FETCH", piece.encode("ascii"), wanted, octets=octets, lines=limits.lines + count * 8,
            deadline_s=limits.stream_s,
        )
        turn = dialogue.take_turn()
        ahead = None
        if next_piece:
            ahead = dialogue.send_ahead("UID FETCH", next_piece.encode("ascii"), wanted, asked=uids.Asked(next_piece))
        if turn is not None:
            yield from turn.headers
            if turn.status is not None:
                _accept_gone(dialogue, turn.status)
                continue
        yield from _read_headers(dialogue, reader, turn.asked if turn is not None else uids.Asked(piece), ahead)


def _read_headers(
    dialogue: Dialogue, reader: fetch.HeaderReader, asked: uids.Asked, ahead: Ahead | None
) -> Iterator[FetchedHeader]:
    channel = dialogue.channel
    next_line, octets, fast, take = channel.line, channel.octets, reader.fast, asked.take
    finished = False
    try:
        while True:
            line = next_line()
            header = fast(line, octets, next_line)
            if header is None:
                response = dialogue.read(line, dialogue.limits.header_octets, trim=True)
                if isinstance(response, Status):
                    finished = True
                    _accept_gone(dialogue, response)
                    return
                header = _slow_header(dialogue, reader, response)
            if header is None:
                continue
            if take(header.uid):
                yield header
            elif ahead is not None and ahead.asked.take(header.uid):
                ahead.headers.append(header)
    except ProtocolViolation as exc:
        finished = True
        channel.fail(exc)
    finally:
        if not finished:
            channel.close()  # the rest of the answer is still on its way


def _slow_header(dialogue: Dialogue, reader: fetch.HeaderReader, answer: Answer) -> FetchedHeader | None:
    if answer.kind != "FETCH":
        dialogue.hear(answer)
        return None
    found = reader.slow(answer)
    if isinstance(found, FetchedHeader):
        return found
    _hear_items(dialogue, found)
    return None


def _hear_items(dialogue: Dialogue, items: fetch.Items) -> None:
    if items.flags is None:
        return
    if items.uid:
        dialogue.news.add_flags(FetchedFlags(items.uid, *items.flags, items.modseq))
    else:
        dialogue.news.flags_without_uid()


def _accept_gone(dialogue: Dialogue, status: Status) -> None:
    if status.code not in _GONE:
        dialogue.accept(status)


def fetch_flags(
    dialogue: Dialogue, text: str, *, with_modseq: bool, changed_since: int | None, vanished: bool
) -> FlagsAnswer:
    """Flags of a set, or of what changed in it since a mod-sequence (RFC 7162 3.1.4)."""
    arguments = [b"(UID FLAGS MODSEQ)" if with_modseq else b"(UID FLAGS)"]
    if changed_since is not None:
        arguments.append(b"(CHANGEDSINCE %d%s)" % (changed_since, b" VANISHED" if vanished else b""))
    limits = dialogue.limits
    changed: list[FetchedFlags] = []
    gone: uids.Ranges = []
    for piece in uids.split_set(text):
        asked = uids.Asked(piece)
        dialogue.start(
            "UID FETCH", piece.encode("ascii"), *arguments, octets=limits.octets + MAX_UIDS * 100,
            lines=limits.lines + MAX_UIDS, deadline_s=limits.stream_s,
        )
        _read_flags(dialogue, asked.take, changed, gone)
    return FlagsAnswer(changed, gone)


def _read_flags(
    dialogue: Dialogue, take: Callable[[int], bool], changed: list[FetchedFlags], gone: uids.Ranges
) -> None:
    """Flags that `take` accepts go to `changed`, the rest is news."""
    reader = fetch.FlagsReader()
    next_line, fast = dialogue.channel.line, reader.fast
    try:
        while True:
            line = next_line()
            flags = fast(line)
            if flags is None:
                response = dialogue.read(line)
                if isinstance(response, Status):
                    break
                flags = _slow_flags(dialogue, reader, response, gone)
            if flags is not None:
                if take(flags.uid):
                    changed.append(flags)
                else:
                    dialogue.news.add_flags(flags)
    except ProtocolViolation as exc:
        dialogue.channel.fail(exc)
    _accept_gone(dialogue, response)


def _slow_flags(
    dialogue: Dialogue, reader: fetch.FlagsReader, answer: Answer, gone: uids.Ranges
) -> FetchedFlags | None:
    if answer.kind == "VANISHED" and answer.text[:9].upper() == b"(EARLIER)":
        gone.extend(vanished_ranges(answer))
        return None
    if answer.kind != "FETCH":
        dialogue.hear(answer)
        return None
    found = reader.slow(answer)
    if found is None:
        dialogue.hear(answer)
    return found


def fetch_body(
    dialogue: Dialogue, uid: int, items: bytes, section: bytes, *, literal_limit: int, offset: int | None = None
) -> tuple[fetch.Items, bytes] | None:
    """One section of one message with the items around it; None when the message is gone."""
    uids.check_set(str(uid))
    parser = fetch.ItemParser(dialogue.limits.structure_octets)
    dialogue.start("UID FETCH", str(uid).encode("ascii"), items, octets=dialogue.limits.octets + literal_limit)
    found: tuple[fetch.Items, bytes] | None = None
    try:
        while True:
            response = dialogue.read(dialogue.channel.line(), literal_limit, trim=offset is None)
            if isinstance(response, Status):
                break
            if response.kind != "FETCH":
                dialogue.hear(response)
                continue
            told = parser.parse(response.pieces)
            octets = fetch.body_of(told, section, offset) if told.uid == uid else None
            if octets is None:
                _hear_items(dialogue, told)
            elif found is None:
                found = (told, octets)
    except ProtocolViolation as exc:
        dialogue.channel.fail(exc)
    if found is None and response.kind == "NO" and response.code == "NONEXISTENT":
        return None
    _accept_gone(dialogue, response)
    return found


def fetch_slice(dialogue: Dialogue, uid: int, section: Section, offset: int, length: int) -> bytes | None:
    """`length` octets of a section from `offset` on, not decoded; fewer at its end; None when the message is gone."""
    if offset < 0 or not 0 < length <= dialogue.limits.message_octets:
        raise UsageError("No such slice.")
    name = wire.section(section)
    items = b"(UID BODY.PEEK[%s]<%d.%d>)" % (name, offset, length)
    found = fetch_body(dialogue, uid, items, name, literal_limit=length, offset=offset)
    return None if found is None else found[1]


def fetch_structure(dialogue: Dialogue, uid: int) -> tuple[bytes, bytes] | None:
    """Raw BODYSTRUCTURE and the whole header block (capped) of a message; None when it is gone."""
    items = b"(UID BODYSTRUCTURE BODY.PEEK[HEADER])"
    found = fetch_body(dialogue, uid, items, b"HEADER", literal_limit=dialogue.limits.header_octets)
    return None if found is None else (found[0].structure or b"", found[1])


def fetch_whole(dialogue: Dialogue, text: str) -> Iterator[tuple[int, bytes]]:
    """Whole messages of a set as they come; one over the limit is left out. Read it to its end."""
    limits = dialogue.limits
    parser = fetch.ItemParser()
    for piece in uids.split_set(text):
        asked = uids.Asked(piece)
        dialogue.start(
            "UID FETCH", piece.encode("ascii"), b"(UID BODY.PEEK[])", octets=MAX_STREAM_OCTETS, lines=limits.lines,
            deadline_s=limits.stream_s,
        )
        finished = False
        try:
            while True:
                response = dialogue.read(dialogue.channel.line(), limits.message_octets + 1, trim=True)
                if isinstance(response, Status):
                    finished = True
                    _accept_gone(dialogue, response)
                    break
                if response.kind != "FETCH":
                    dialogue.hear(response)
                    continue
                items = parser.parse(response.pieces)
                octets = fetch.body_of(items, b"", None)
                if octets is None or items.uid is None:
                    _hear_items(dialogue, items)
                elif asked.take(items.uid) and len(octets) <= limits.message_octets:
                    yield items.uid, octets
        except ProtocolViolation as exc:
            finished = True
            dialogue.channel.fail(exc)
        finally:
            if not finished:
                dialogue.channel.close()


def search(dialogue: Dialogue, criteria: Sequence[str | bytes], *, compact: bool) -> list[int]:
    """Uids that match, in rising order. Text is search syntax of our own, octets are values of anybody's.

    `compact`: by ESEARCH (RFC 4731), which answers in ranges.
    """
    spelled = [wire.string(word) if isinstance(word, bytes) else wire.syntax(word) for word in criteria]
    if any(not word.isascii() for word in spelled):
        spelled = [b"CHARSET UTF-8", *spelled]
    if compact:
        spelled = [b"RETURN (ALL)", *spelled]
    reply = dialogue.run(
        "UID SEARCH", *spelled, wanted=("SEARCH", "ESEARCH"), octets=dialogue.limits.search_octets,
    )  # fmt: skip
    found: set[int] = set()
    for answer in reply.answers:
        found.update(_esearch(answer) if answer.kind == "ESEARCH" else _search(answer))
    return sorted(found)


def _search(answer: Answer) -> list[int]:
    # RFC 7162 3.1.5: `(MODSEQ n)` may follow the numbers.
    digits = answer.text.partition(b"(")[0].split()
    ranges = uids.parse_ranges(b",".join(digits)) if digits else []
    return uids.expand_ranges(ranges)


def _esearch(answer: Answer) -> list[int]:
    told = answers.parse_values(answer.pieces)
    for name, value in pairwise(told):
        if isinstance(name, bytes) and name.upper() == b"ALL" and isinstance(value, bytes):
            return uids.expand_ranges(uids.parse_ranges(value))
    return []


def store_flags(dialogue: Dialogue, text: str, add: Sequence[str], remove: Sequence[str]) -> list[FetchedFlags]:
    """Change flags; what the server says they are now, the last word for each message."""
    spelled: dict[int, FetchedFlags] = {}
    for sign, flags in ((b"+", add), (b"-", remove)):
        words = [wire.flag(word) for word in flags]
        for piece in uids.split_set(text) if words else ():
            asked = uids.Asked(piece)
            dialogue.start("UID STORE", piece.encode("ascii"), sign + b"FLAGS", parenthesised(words))
            changed: list[FetchedFlags] = []
            _read_flags(dialogue, asked.__contains__, changed, [])
            spelled.update((told.uid, told) for told in changed)
    return list(spelled.values())


def copy(dialogue: Dialogue, text: str, mailbox: str, *, move: bool) -> Copied | None:
    """UID COPY, or UID MOVE (RFC 6851); where the messages went, when the server tells it."""
    name = names.argument(mailbox)
    copied: Copied | None = None
    for piece in uids.split_set(text):
        verb = "UID MOVE" if move else "UID COPY"
        # RFC 6851 4.3: MOVE tells COPYUID in an untagged OK, before messages vanish. Exchange leaves the OK out.
        reply = dialogue.run(verb, piece.encode("ascii"), name, wanted=("OK", ""))
        statuses = [reply.status, *(answers.parse_status("OK", answer.text) for answer in reply.answers)]
        for status in statuses:
            if status.code == "COPYUID":
                copied = _joined(copied, _copied(status))
    return copied


def _copied(status: Status) -> Copied | None:
    words = status.code_text.split()
    if len(words) != 3 or not words[0].isdigit():
        return None
    try:
        source, target = (uids.expand_ranges(uids.parse_ranges(word)) for word in words[1:])
    except ProtocolViolation:
        return None  # no more than a hint; the copy itself was done
    return Copied(int(words[0]), source, target) if len(source) == len(target) else None


def _joined(first: Copied | None, second: Copied | None) -> Copied | None:
    if first is None or second is None or first.uid_validity != second.uid_validity:
        return second or first
    return Copied(first.uid_validity, first.source + second.source, first.target + second.target)


def uid_expunge(dialogue: Dialogue, text: str) -> None:
    r"""UID EXPUNGE (RFC 4315): only these; a plain EXPUNGE would also remove what others marked as \Deleted."""
    for piece in uids.split_set(text):
        dialogue.run("UID EXPUNGE", piece.encode("ascii"))
