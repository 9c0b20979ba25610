"""What is said before a message is sent, and what is not."""

from __future__ import annotations

import pytest

from tuimail.mime.writing.answers import FORWARDED, Identity, Mine
from tuimail.mime.writing.warnings import Known, Warning, likely_meant, speaks_of_attachment, warnings

MINE = Mine([Identity("ada@example.org"), Identity("countess@example.net")], ["*@byron.example"])
DOMAINS = frozenset({"navy.example", "park.example"})
KNOWN = Known(MINE, domains=DOMAINS, account_addresses=Mine([Identity("ada@example.org")]))


def told(**changes: object) -> list[Warning]:
    fields: dict[str, object] = {
        "from_": "Ada <ada@example.org>",
        "to": "grace@navy.example",
        "cc": "",
        "bcc": "",
        "subject": "Hello",
        "body": "Hello\n",
        "file_count": 0,
        "known": KNOWN,
    }
    return warnings(**{**fields, **changes})  # type: ignore[arg-type]


def sentences(**changes: object) -> str:
    return " ".join(warning.sentence for warning in told(**changes))


def test_a_good_letter_gives_nothing_to_think_about() -> None:
    assert told() == []


def test_a_missing_subject_and_text_are_told() -> None:
    assert "no subject" in sentences(subject="  ")
    assert "no text" in sentences(body="\n-- \nAda\n")
    assert "what is quoted" in sentences(body="On Monday, Grace wrote:\n> Hi\n\n-- \nAda\n")
    assert not sentences(body="", file_count=1)


@pytest.mark.parametrize(
    "text",
    [
        "See the attached file",
        "I attach it",
        "anbei die Rechnung",
        "Rechnung im Anhang.",
        "voir ci-joint",
        "adjunto el pdf",
        "in allegato trovi",
        "em anexo",
        "zie bijlage",
        "se bilaga",
        "w załączniku",
        "во вложении",
        "请看附件",
        "添付します",
        "첨부합니다",
        "Beigefügt finden Sie",
        "en pièce jointe",
        "The ENCLOSED letter",
    ],
)
def test_a_promised_attachment_that_is_missing_is_told_in_many_languages(text: str) -> None:
    assert [warning.serious for warning in told(body=f"{text}\n")] == [True]
    assert told(body=f"{text}\n", file_count=1) == []


@pytest.mark.parametrize(
    "body",
    [
        "Thanks\n> see the attachment\n",
        f"Look\n{FORWARDED}\nattached\n",
        "Yes\n-- \nattached to my desk\n",
        "I send this without attachment.\n",
        "no attachments this time\n",
        "ohne Anhang\n",
        "detached house\n",
        "the anexoid\n",
    ],
)
def test_what_is_quoted_signed_or_denied_promises_nothing(body: str) -> None:
    assert told(body=body) == []


def test_many_visible_recipients_are_told_and_blind_ones_not() -> None:
    many = ", ".join(f"p{n}@navy.example" for n in range(20))
    assert "20 people" in sentences(to=many)
    assert told(bcc=many) == []


def test_a_reply_to_a_list_is_told() -> None:
    known = KNOWN._replace(list_address="c@lists.example")
    assert "everybody on the list" in sentences(cc="C@lists.example", known=known)
    assert told(known=known) == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("x@gmial.com", "gmail.com"),
        ("x@gmal.com", "gmail.com"),
        ("x@hotmial.com", "hotmail.com"),
        ("x@navi.example", "navy.example"),
        ("x@nvay.example", "navy.example"),
        ("x@navyy.example", "navy.example"),
        ("x@intranet", "no dot"),
    ],
)
def test_a_slip_in_a_domain_is_told(address: str, words: str) -> None:
    assert words in sentences(bcc=address)


@pytest.mark.parametrize(
    "address", ["x@navy.example", "x@elsewhere.example", "x@localhost", "x@[127.0.0.1]", "x@gmail.com"]
)
def test_a_domain_that_is_known_or_far_from_all_is_fine(address: str) -> None:
    assert told(to=address) == []


def test_another_number_is_another_host_and_no_slip() -> None:
    assert likely_meant("host2.example", ["host1.example"]) == ""
    assert likely_meant("hosst1.example", ["host1.example"]) == "host1.example"


def test_a_message_to_oneself_alone_is_told() -> None:
    assert "yourself" in sentences(to="countess@example.net", cc="x@byron.example")


def test_a_sender_that_does_not_fit_is_told() -> None:
    assert "none of your addresses" in sentences(from_="mallory@evil.example")
    assert "another account" in sentences(from_="countess@example.net")
    assert "was written to countess" in sentences(known=KNOWN._replace(came_to="countess@example.net"))


def test_the_serious_come_first() -> None:
    assert [warning.serious for warning in told(subject="", body="attached\n")] == [True, False]


def test_the_word_is_given_as_it_was_written() -> None:
    assert speaks_of_attachment("Die Datei ist ANGEHÄNGT.") == "ANGEHÄNGT"
