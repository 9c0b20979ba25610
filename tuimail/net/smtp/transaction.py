"""One message over an SMTP session: its envelope, its octets, and how far it came.

`reached` is the verdict that an outbox lives by. It is NOTHING until the very octets that end the message (the dot, or
the last two of the last BDAT) are handed to the socket, UNKNOWN from there on, and ANSWERED with a complete refusal.
RFC 5321, PIPELINING (RFC 2920), CHUNKING (RFC 3030).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tuimail.errors import MailError, Reached, RecipientsRefused, Refused, ServerRefused
from tuimail.net.smtp.client import LATER, Reply, SmtpClient
from tuimail.net.smtp.message import Letter, dotted
from tuimail.net.smtp.values import BeforeEnd, Delivered, Progress

_END_OCTETS = 2


class Transaction:
    """One message; `run` once."""

    def __init__(
        self, client: SmtpClient, capabilities: Collection[str], letter: Letter, progress: Progress | None,
        before_end: BeforeEnd | None,
    ) -> None:
        """Nothing is sent yet."""
        self._client = client
        self._capabilities = capabilities
        self._letter = letter
        self._progress = progress
        self._before_end = before_end
        self._refused: tuple[Refused, ...] = ()
        self.reached = Reached.NOTHING

    def run(self) -> Delivered:
        """Send it. Every MailError carries `reached`; after a refusal the session can be used again.

        Whatever else is raised comes from `progress` or `before_end`: the connection is closed, nothing was taken.
        """
        try:
            self._refused = self._envelope()
            reply = self._chunks() if "CHUNKING" in self._capabilities else self._data()
        except ServerRefused as exc:
            self.reached = exc.reached = Reached.ANSWERED
            self._reset()
            raise
        except MailError as exc:
            self._client.channel.close()
            exc.reached = self.reached
            raise
        except BaseException:
            self._client.channel.close()
            raise
        return Delivered(f"{reply.code} {reply.words}".rstrip(), self._refused, self._letter.notifies)

    def _reset(self) -> None:
        """Back to where the next message can begin; a session that does not agree is over."""
        client = self._client
        if client.channel.broken:
            return
        try:
            client.done(client.ask(b"RSET"))
        except MailError:
            client.channel.close()

    # --- envelope

    def _envelope(self) -> tuple[Refused, ...]:
        """MAIL and every RCPT; who was refused. Raises ServerRefused when nobody is left."""
        letter, client = self._letter, self._client
        refused: list[Refused] = []
        answers = self._answers([letter.mail, *letter.rcpts])
        next(answers)  # MAIL; a refusal of it is raised
        for recipient, reply in zip(letter.recipients, answers, strict=True):
            if reply.bad:
                refused.append(Refused(recipient, str(reply.code), reply.words))
            elif not reply.good:
                client.violated("sent an answer that does not fit")
        if len(refused) == len(letter.recipients):
            raise _all_refused(client.channel.host, tuple(refused))
        return tuple(refused)

    def _answers(self, commands: list[bytes]) -> Iterator[Reply]:
        """The reply to each command, sent in windows where the server allows it. MAIL is the first."""
        client, limits = self._client, self._client.limits
        at = 0
        while at < len(commands):
            end, octets = at + 1, len(commands[at])
            while (
                "PIPELINING" in self._capabilities and end < len(commands) and end - at < limits.window
                and octets + len(commands[end]) < limits.window_octets
            ):
                octets += len(commands[end])
                end += 1
            client.send_ahead("RCPT" if at else "MAIL", commands[at:end], limits.envelope_s)
            for number in range(at, end):
                reply = client.reply()
                if number == 0 and not reply.good:
                    self._hear(end - 1)
                    if reply.bad:
                        raise self._mail_refused(reply)
                    client.violated("sent an answer that does not fit")
                yield reply
            at = end

    def _hear(self, count: int) -> None:
        for _ in range(count):
            self._client.reply()

    def _mail_refused(self, reply: Reply) -> ServerRefused:
        too_big = reply.code == 552  # RFC 1870 6.1: the size that MAIL named
        return self._client.refusal(
            reply, f"{self._client.channel.host} does not take the message",
            "Send smaller attachments, or a link to them." if too_big
            else "Check the sender's address, and that you are signed in as its owner.",
        )

    # --- octets

    def _data(self) -> Reply:
        client, limits = self._client, self._client.limits
        go_ahead = client.ask(b"DATA", limits.command_s)
        if go_ahead.bad:
            raise client.refusal(go_ahead, f"{client.channel.host} does not take the message")
        if go_ahead.code != 354:
            client.violated("sent an answer that does not fit")
        raw = self._letter.raw
        client.expect("DATA", self._upload_s(), silence_s=limits.block_s)
        for block, reached in dotted(raw, limits.block_octets):
            client.channel.send(block)
            self._tell(reached)
            self._watch()
        return self._end(b".\r\n")

    def _chunks(self) -> Reply:
        """BDAT: counted octets, nothing stuffed. The last two octets of the last chunk stay back for `_end`."""
        client, limits, raw = self._client, self._client.limits, self._letter.raw
        chunk = limits.chunk_octets
        for start in range(0, len(raw), chunk):
            end = min(start + chunk, len(raw))
            # A chunk of nothing but an end could not be held back.
            last = end == len(raw) or len(raw) - end <= _END_OCTETS
            end = len(raw) if last else end
            self._chunk(start, end, last=last)
            if last:
                break
            client.done(client.reply())
        return self._end(raw[-_END_OCTETS:])

    def _chunk(self, start: int, end: int, *, last: bool) -> None:
        client, limits, raw = self._client, self._client.limits, self._letter.raw
        client.begin("BDAT", self._upload_s(), replies=1)
        client.expect("BDAT", self._upload_s(), silence_s=limits.block_s)
        command = b"BDAT %d%s\r\n" % (end - start, b" LAST" if last else b"")
        held = end - _END_OCTETS if last else end
        at = start
        while at < held or command:
            stop = min(at + limits.block_octets, held)
            client.channel.send(command + raw[at:stop])
            command = b""
            at = stop
            self._tell(at if at < held else end)
            if last or at < held:  # else the reply to this chunk is due
                self._watch()

    def _end(self, octets: bytes) -> Reply:
        """What makes the server take the message, and its word on it."""
        client = self._client
        if self._before_end is not None:
            self._before_end(self._refused)
            self._watch()
        client.expect("end", client.limits.final_s)
        self.reached = Reached.UNKNOWN
        client.channel.send(octets)
        reply = client.reply()
        if reply.bad:
            raise client.refusal(reply, f"{client.channel.host} does not take the message")
        return client.done(reply)

    def _watch(self) -> None:
        """Whether the server ends it early, or is gone: then the end need not be sent, and nothing is in doubt."""
        reply = self._client.listen()
        if reply is None:
            return
        if reply.good:  # it makes no sense, so nobody knows what it did
            self.reached = Reached.UNKNOWN
        self._client.violated("answered before the message was complete")

    def _upload_s(self) -> float:
        limits = self._client.limits
        return limits.upload_s + len(self._letter.raw) / limits.slowest_octets_s

    def _tell(self, octets: int) -> None:
        if self._progress is not None:
            self._progress(min(octets, len(self._letter.raw)), len(self._letter.raw))


def _all_refused(host: str, refused: tuple[Refused, ...]) -> RecipientsRefused:
    first = refused[0]
    who = "the recipient" if len(refused) == 1 else f"all {len(refused)} recipients"
    sentence = f"{host} refused {who}: {first.code} {first.words}".rstrip()
    later = all(each.temporary for each in refused)
    return RecipientsRefused(sentence, LATER if later else "Check the addresses.", refused=refused)
