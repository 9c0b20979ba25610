"""The mail of the POP3 account, and what arrives while the demo runs."""

from __future__ import annotations

from tuimail.demo.samples import files
from tuimail.demo.samples.builder import File, Mail
from tuimail.demo.samples.people import (
    ALAN,
    CHARLES,
    EMILE,
    FORGE,
    GRACE,
    KATHERINE,
    KEN,
    LIBRARY,
    MARY,
    MUSEUM,
    POP_OWNER,
    TARO,
    WELCOME,
)


def pop3_mails() -> list[Mail]:
    """The INBOX of the account that is read by POP3."""
    manual = File(
        "manual.pdf", "application/pdf", files.pdf("Difference Engine No. 2", ["1. Turn the handle.", "2. Stop."])
    )
    script = File("update.sh", "application/x-sh", b"#!/bin/sh\necho 'no harm in this one'\n")
    return [
        Mail(sender, subject, text, when, to=(POP_OWNER,), files=attached)
        for sender, subject, text, when, attached in (
            (
                WELCOME,
                "This account is read by POP3",
                (
                    "Mail is taken whole from the server here, and attachments wait in the quarantine until you "
                    "release them.\n"
                ),
                "30m",
                (),
            ),
            (
                MUSEUM,
                "The handle's manual",
                "For Sunday. It is short.\n\n.\n..\nThe dots above are on purpose.\n",
                "2h",
                (manual,),
            ),
            (KEN, "try this", "Runs everywhere. Read it first.\n", "5h", (script,)),
            (
                MARY,
                "The key to the reading room",
                "It is under the globe. The celestial one.\n\nMary\n",
                "1d 11:00",
                (),
            ),
            (EMILE, "Nuit claire", "Ce soir, après onze heures. Habille-toi chaudement.\n\nÉmile\n", "2d 17:00", ()),
            (TARO, "お土産", "抹茶をお送りします。\n\n山田\n", "4d 03:00", ()),
            (LIBRARY, "Your card is valid for another year", "Nothing to do.\n", "30d 10:00", ()),
            (
                GRACE,
                "Nanoseconds, by the hundred",
                "I need more wire. Who is your supplier?\n\nGrace\n",
                "44d 16:00",
                (),
            ),
        )
    ]


def later_mails() -> list[Mail]:
    """What arrives while the demo runs, in this order."""
    return [
        Mail(
            ALAN,
            "Found: one bicycle chain",
            "Outside your door, I think. It has a gas mask hanging from it, so it is certainly mine.\n\nAlan\n",
            "0m",
        ),
        Mail(
            GRACE,
            "The wire is cut",
            "Eleven point eight inches each: as far as light gets in a nanosecond. I also brought a "
            "microsecond, but it is\n"
            "a coil of nearly a thousand feet, and the guard wants to know what it is for.\n\nGrace\n",
            "0m",
        ),
        Mail(
            FORGE,
            "[engine/notes] Run passed: nightly on main",
            "tests: 1,205 passed\n\nIt was the timestamp.\n",
            "0m",
            headers=(("List-Id", "engine/notes <notes.engine.forge.example>"),),
        ),
        Mail(
            EMILE,
            "Regarde par la fenêtre !",
            "Maintenant, au sud, sous la Lune : c'est Saturne. Vite, il y a un nuage.\n\nÉmile\n",
            "0m",
        ),
        Mail(
            TARO,
            "そろばん対計算機：結果",
            "アダ様\n\n三対二で、そろばんの勝ちです。計算機は電池が切れました。🧮\n\n山田\n",
            "0m",
        ),
        Mail(
            KATHERINE,
            "He is down",
            "Within forty miles of where I said. They are pleased. I am looking for the forty miles.\n\nKatherine\n",
            "0m",
        ),
        Mail(
            CHARLES,
            "It plays",
            "Eight bars of the anthem, and then something of its own. I have asked it to repeat it, and it will "
            "not.\n\nC. B.\n",
            "0m",
        ),
    ]
