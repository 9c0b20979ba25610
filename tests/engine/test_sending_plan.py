"""What an error means for a message: never sent again when it may have been taken, never given up when it was not."""

from __future__ import annotations

import pytest

from tuimail.config import AccountConfig, Protocol, Receive, SaveSent, Send
from tuimail.engine.patience import MOST_TRIES, PAUSES_S
from tuimail.engine.send.plan import Next, after_error, in_words, left_out, of_partial, saves_sent
from tuimail.errors import (
    AuthError,
    CertificateError,
    Dropped,
    MailError,
    ProtocolViolation,
    Reached,
    RecipientsRefused,
    Refused,
    ServerRefused,
    TimedOut,
    TooLarge,
    Unreachable,
    UsageError,
)
from tuimail.model import AccountName, OutboxId, OutboxItem, OutState


def refusal(code: str) -> ServerRefused:
    error = ServerRefused("smtp.example.org refused the message.", words=f"{code} no", code=code)
    error.retry = code.startswith("4")
    return error


ERRORS: list[MailError] = [
    Unreachable("x"), TimedOut("x"), Dropped("x"), ProtocolViolation("x"), CertificateError("x"), AuthError("x"),
    UsageError("x"), TooLarge("x"), refusal("451"), refusal("550"),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_what_may_have_been_taken_is_never_sent_again_by_itself(error: MailError) -> None:
    error.reached = Reached.UNKNOWN
    try:
        for tries in (0, 5, 1000):
            assert after_error(error, tries).next is Next.ASK
    finally:
        error.reached = Reached.NOTHING


@pytest.mark.parametrize("error", [Unreachable("x"), TimedOut("x"), Dropped("x")])
def test_no_way_is_never_given_up(error: MailError) -> None:
    for tries in (0, 5, 1000):
        outcome = after_error(error, tries)
        assert (outcome.next, outcome.network) == (Next.AGAIN, True)
        assert outcome.pause_s == PAUSES_S[min(tries, 3)]


def test_what_a_server_puts_off_is_given_up_after_days() -> None:
    assert after_error(refusal("451"), 0).next is Next.AGAIN
    assert not after_error(refusal("451"), 0).network
    assert after_error(refusal("451"), MOST_TRIES).next is Next.STOP


@pytest.mark.parametrize("error", [refusal("550"), CertificateError("x"), UsageError("x"), TooLarge("x")])
def test_what_only_a_person_can_mend_stops(error: MailError) -> None:
    outcome = after_error(error, 0)
    assert (outcome.next, outcome.password) == (Next.STOP, False)


def test_a_refused_login_waits_for_a_password() -> None:
    outcome = after_error(AuthError("No.", password_missing=True), 0)
    assert (outcome.next, outcome.password) == (Next.STOP, True)


def test_recipients_of_which_one_is_refused_for_good_stop_and_are_kept() -> None:
    later, never = Refused("a@b", "450", "later"), Refused("c@d", "550", "never\x1b[31m")
    assert after_error(RecipientsRefused("x", refused=(later,)), 0).next is Next.AGAIN
    outcome = after_error(RecipientsRefused("x", refused=(later, never)), 0)
    assert outcome.next is Next.STOP
    assert [who for who, _ in outcome.refused] == ["a@b", "c@d"]
    assert "\x1b" not in outcome.refused[1][1]


def test_words_of_a_server_are_told_once_clean_and_as_a_sentence() -> None:
    assert in_words(refusal("550")) == "smtp.example.org refused the message. It says: 550 no."
    said = ServerRefused("It says: 550 no", "Write to them.", words="550 no", code="550")
    assert in_words(said) == "It says: 550 no. Write to them."
    assert "\x1b" not in in_words(ServerRefused("x", words="\x1b]0;owned\x07"))


def test_a_partial_refusal_names_one_and_counts_the_rest() -> None:
    assert of_partial([], 3) == ""
    assert "a@b" in of_partial([("a@b", "550 no")], 3)
    assert "2 of 3" in of_partial([("a@b", "550 no"), ("c@d", "550 no")], 3)


@pytest.mark.parametrize(
    ("host", "save_sent", "saves"),
    [
        ("smtp.example.org", SaveSent.AUTO, True), ("smtp.gmail.com", SaveSent.AUTO, False),
        ("smtp.office365.com.", SaveSent.AUTO, False), ("smtp-mail.outlook.com", SaveSent.AUTO, False),
        ("notgmail.com", SaveSent.AUTO, True), ("smtp.gmail.com", SaveSent.ALWAYS, True),
        ("smtp.example.org", SaveSent.NEVER, False),
    ],
)  # fmt: skip
def test_who_puts_a_copy_into_sent(host: str, save_sent: SaveSent, saves: bool) -> None:
    send = Send(host, 465, save_sent=save_sent)
    assert saves_sent(AccountConfig(AccountName("a"), "a@b.c", "", Receive(Protocol.IMAP), send)) is saves


def test_of_those_who_are_put_off_it_is_said_how_many_wait_and_when_they_are_tried() -> None:
    item = OutboxItem(
        OutboxId(1), AccountName("work"), OutState.SENDING, "", "x@y", ("a@b", "c@d", "e@f", "g@h", "i@j"), "", "", "",
        1, 0, 1, 0, None,
    )  # fmt: skip
    left = left_out([("a@b", "450 later"), ("e@f", "550 no"), ("c@d", "451 busy")], item, 1000)
    assert left.refused == (("e@f", "550 no"),)
    assert left.sentence.endswith("550 no. 2 of 5 recipients still wait, and are tried again.")
    assert left.rest is not None
    assert left.rest.not_before == 1000 + PAUSES_S[1]
    assert left.rest.refused == (("a@b", "450 later"), ("c@d", "451 busy"))
    assert left.rest.sentence.startswith("Not sent to 2 of 5 recipients, a@b among them, yet; the others have it.")
    assert left_out([("a@b", "450 later")], item, 1).sentence == (
        "Sent. 1 of 5 recipients still wait, and are tried again."
    )
    assert left_out([], item, 1) == ((), "", None)
