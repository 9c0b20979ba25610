"""SCRAM against the examples of its RFCs, and against servers that cheat."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuimail.demo import scram as server
from tuimail.errors import AuthError
from tuimail.net.credentials.scram import Scram, prepare


def test_the_example_of_rfc_7677() -> None:
    client = Scram("SCRAM-SHA-256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO")
    assert client.first() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    final = client.final(b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    assert final.endswith(b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client.verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_the_example_of_rfc_5802() -> None:
    client = Scram("SCRAM-SHA-1", "user", "pencil", "fyko+d2lbbFgONRv9qkxdawL")
    client.first()
    final = client.final(b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096")
    assert final.endswith(b",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
    client.verify(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")


@pytest.mark.parametrize(("user", "password"), [("ada", "secret"), ("a,b=c", "p=,ä ö"), ("Ünï", "日本語")])
def test_a_server_of_our_own_agrees(user: str, password: str) -> None:
    client = Scram("SCRAM-SHA-256", user, password)
    challenge = server.challenge(client.first())
    client.verify(server.verify(challenge, client.final(challenge.server_first.encode()), password))


NONCE = "r=abcdef"
CHEATS = {
    "another nonce": b"r=zzzdef,s=QSXC,i=4096",
    "our own nonce again": b"r=abc,s=QSXC,i=4096",
    "no salt": b"r=abcdef,s=,i=4096",
    "salt that is not base64": b"r=abcdef,s=***,i=4096",
    "too few rounds": b"r=abcdef,s=QSXC,i=999",
    "rounds without end": b"r=abcdef,s=QSXC,i=1000001",
    "rounds that are no number": b"r=abcdef,s=QSXC,i=-4096",
    "an extension that must be understood": b"m=x,r=abcdef,s=QSXC,i=4096",
    "not utf-8": b"\xff",
    "nothing": b"",
}


@pytest.mark.parametrize("message", CHEATS.values(), ids=CHEATS.keys())
def test_a_challenge_that_makes_no_sense_gets_no_proof(message: bytes) -> None:
    client = Scram("SCRAM-SHA-256", "user", "pencil", "abc")
    client.first()
    with pytest.raises(AuthError):
        client.final(message)


@pytest.mark.parametrize("message", [b"v=", b"", b"e=other-error", b"v=" + base64.b64encode(b"x" * 32), b"v=***"])
def test_a_server_that_does_not_know_the_password_is_found_out(message: bytes) -> None:
    client = Scram("SCRAM-SHA-256", "user", "pencil", "abc")
    client.first()
    client.final(b"r=abcdef,s=QSXC,i=4096")
    with pytest.raises(AuthError, match="prove"):
        client.verify(message)


@given(st.binary(max_size=60))
def test_any_challenge_is_answered_or_refused(message: bytes) -> None:
    client = Scram("SCRAM-SHA-256", "user", "pencil", "abc")
    for step in (client.final, client.verify):
        try:
            step(message)
        except AuthError:
            continue


def test_names_and_passwords_are_prepared() -> None:
    assert prepare("I\u00adX \u2168") == "IX IX"


def test_its_repr_keeps_the_secret() -> None:
    assert "pencil" not in repr(Scram("SCRAM-SHA-256", "user", "pencil"))
