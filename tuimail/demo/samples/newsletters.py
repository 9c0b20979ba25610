"""Newsletters and other mail from machines: HTML with tables, hidden preheaders, tracking pixels and buttons."""

from __future__ import annotations

from collections.abc import Sequence

from tuimail.demo.samples import files
from tuimail.demo.samples.builder import File, Mail
from tuimail.demo.samples.people import (
    BACKUP,
    BANK,
    CORNER,
    DEBIAN,
    FORGE,
    GAZETTE,
    LIBRARY,
    MUSEUM,
    NIGHT_TRAIN,
    TEA,
)


def mails() -> list[Mail]:
    """All of them."""
    return [
        *_gazette(),
        _bookshop(),
        _tickets(),
        _museum(),
        _tea(),
        *_forge(),
        _debian(),
        _library(),
        *_backups(),
        _statement(),
    ]


def page(preheader: str, title: str, body: str, *, footer: str = "", colour: str = "#1f3a5f") -> str:
    """A newsletter as its authors build them: tables in tables, inline styles, a line that only the preview shows."""
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title>
<style>body {{ margin: 0; background: #eee }} .card {{ max-width: 600px }} a {{ color: {colour} }}</style></head>
<body>
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{preheader}&nbsp;&zwnj;&nbsp;&zwnj;</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table class="card" width="600" style="background:#ffffff;font-family:Georgia,serif">
<tr><td style="background:{colour};color:#ffffff;padding:24px"><h1 style="margin:0">{title}</h1></td></tr>
<tr><td style="padding:24px">
{body}
</td></tr>
<tr><td style="padding:16px;color:#777777;font-size:12px">{footer or _FOOTER}</td></tr>
</table></td></tr></table>
<img src="https://track.gazette.example/open?id=ada-7731" width="1" height="1" alt="">
</body></html>"""


_FOOTER = (
    'You get this because you asked for it. <a href="https://gazette.example/leave?u=ada">Unsubscribe</a> · '
    '<a href="https://gazette.example/browser/42">View in browser</a>'
)


def button(text: str, target: str) -> str:
    """A link that is dressed as a button."""
    return (
        f'<p><a href="{target}" style="display:inline-block;padding:10px 18px;background:#b5472f;color:#fff;'
        f'text-decoration:none;border-radius:4px">{text}</a></p>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with a head."""
    cells = "".join(f"<th align='left'>{cell}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table border='1' cellpadding='6' cellspacing='0'><tr>{cells}</tr>{lines}</table>"


_UNSUBSCRIBE = (
    ("List-Unsubscribe", "<https://gazette.example/leave?u=ada>, <mailto:leave@gazette.example>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
)


def _gazette() -> list[Mail]:
    weave = File("weave.png", "image/png", files.weave_png(), content_id="weave@gazette.example", disposition="inline")
    issues = [
        (
            "The loom that read",
            "1d 06:00",
            "",
            "How a box of punched cards came to weave a portrait, and then to count a nation.",
            """
<h2>The portrait</h2>
<p>In 1839 a silk weaver in Lyon made a portrait of Jacquard on Jacquard's own loom. It took
<b>24,000 cards</b>, each with room for more than a thousand holes, and people took it for an engraving.
Babbage owned one and liked to
ask his guests how it was made. <i>(The Duke of Wellington guessed right.)</i></p>
<p><img src="cid:weave@gazette.example" width="64" height="64" alt="A woven pattern in blue and straw"></p>
<h2>The count</h2>
<p>Fifty years on, Herman Hollerith watched a railway conductor punch tickets: light hair, dark eyes, large nose.
The census of 1890 was counted the same way.</p>
"""
            + table(
                ("Census", "People", "Years to count"),
                (("1880", "50 million", "8"), ("1890", "63 million", "1 (rough count: 6 weeks)")),
            )
            + button("Read the whole story", "https://gazette.example/loom?utm_source=letter&utm_campaign=42"),
        ),
        (
            "A brief history of the comma",
            "8d 06:00",
            "S",
            "One character, one rocket, and a good story that is not quite true.",
            """
<p>They say that Mariner 1 was lost to a missing hyphen. It was an <b>overbar</b>, left out when the equations were
copied by hand: smooth the values, it said, and without it the guidance chased every wobble.</p>
<blockquote>"The most expensive hyphen in history."<br>A. C. Clarke, who was not one to spoil a sentence</blockquote>
<ul><li>The overbar: 18.5 million dollars</li><li>The comma in a DO loop: found in time, in Mercury</li>
<li>The Oxford comma: five million, to drivers of a dairy in Maine</li></ul>
"""
            + button("Letters to the editor", "https://gazette.example/letters/41"),
        ),
        (
            "Machines that never were",
            "15d 06:00",
            "S",
            "Four engines that existed only on paper, and ran.",
            """
<ol><li>The <b>Analytical Engine</b>: never finished; its programs were.</li>
<li>The <b>universal machine</b> of 1936: infinite tape, no delivery date.</li>
<li>The <b>memex</b>: a desk with a memory, built of microfilm and optimism.</li>
<li><b>MIX</b>: has taught a million people assembly and cannot be bought.</li></ol>
<p>If you know a fifth, <a href="mailto:editor@gazette.example?subject=The%20fifth%20machine">write to us</a>.</p>
""",
        ),
    ]
    return [
        Mail(
            GAZETTE,
            title,
            "" if index == 2 else f"{title}\n\n{preheader}\n\nRead it at https://gazette.example/issues/{42 - index}",
            when,
            flags=flags,
            html=page(preheader, title, body),
            files=(weave,) if index == 0 else (),
            headers=_UNSUBSCRIBE,
        )
        for index, (title, when, flags, preheader, body) in enumerate(issues)
    ]


def _bookshop() -> Mail:
    rows = (
        ("<b>Sketch of the Analytical Engine</b>, with the Notes", "first edition thus", "€ 38.00"),
        ("<b>Calculating Machines</b>, a pocket history", "paper", "€ 12.50"),
        ("Postage", "", "€ 4.90"),
        ("<b>Sum</b>", "", "<b>€ 55.40</b>"),
    )
    body = "<p>Dear Ada,</p><p>thank you! Your books are being wrapped in brown paper, by hand, by Nora.</p>"
    return Mail(
        CORNER,
        "Your order 1843-0710 is being wrapped",
        "Dear Ada,\n\nthank you! Your order 1843-0710 (55.40 EUR) is being wrapped in brown paper.\n\nThe Corner Press",
        "3d 17:20",
        flags="S",
        html=page(
            "Two books, brown paper, string.",
            "Order 1843-0710",
            body
            + table(("Book", "Edition", "Price"), rows)
            + button("Where is it?", "https://cornerpress.example/o/1843"),
            footer="The Corner Press, at the corner. We never write unless you buy something.",
            colour="#5f2f1f",
        ),
    )


def _tickets() -> Mail:
    ticket = File(
        "ticket-NT-409.pdf",
        "application/pdf",
        files.pdf(
            "Night Train 409", ["Paris Est 19:58", "Berlin Hbf 08:26", "coach 263, berth 41, upper", "Ada Byron"]
        ),
    )
    rows = (
        ("Paris Est", "19:58", "platform 7"),
        ("Strasbourg", "22:51", "stays 40 minutes"),
        ("Berlin Hbf", "08:26", "next day"),
    )
    return Mail(
        NIGHT_TRAIN,
        "Your berth to Berlin: NT 409, coach 263",
        "Night Train 409, coach 263, berth 41 (upper).\n\nThe ticket is attached. Breakfast comes by itself.",
        "5d 12:34",
        flags="S F",
        html=page(
            "Upper berth, with a window.",
            "Good night, and good morning",
            table(("Station", "Time", "Note"), rows)
            + "<p>The ticket is attached; the conductor reads it from a screen.</p>",
            footer="Night Train Co. · quiet from 22:00",
            colour="#16213e",
        ),
        files=(ticket,),
    )


def _museum() -> Mail:
    return Mail(
        MUSEUM,
        "The Difference Engine is cranked on Sunday",
        "",
        "2d 08:00",
        flags="",
        html=page(
            "Eight thousand parts, one handle, and you.",
            "Turn the handle yourself",
            "<p>Five tons of bronze and iron, built from the drawings of 1849, to the tolerances of 1849. It "
            "worked the "
            "first time. Nobody was more surprised than the fitters.</p>"
            "<p><b>Sunday, 11:00 and 15:00.</b> Bring no magnets and no long sleeves.</p>"
            + button("Reserve a place", "https://museum.example/engine?place=2")
            + "<hr><p style='font-size:11px'>Mills, stores and barrels in room 5. The café closes at four.</p>",
            footer='<a href="https://museum.example/leave">No more letters</a>',
            colour="#3b3b3b",
        ),
    )


def _tea() -> Mail:
    cells = "".join(
        f'<td width="33%" valign="top"><p><b>{name}</b><br>{about}<br><a href="https://leafandkettle.example/t/{number}">'
        f"{price}</a></p></td>"
        for number, (name, about, price) in enumerate(
            (
                ("Assam No. 2", "for difference engines", "£ 6.20"),
                ("Lapsang", "smells of burnt relays", "£ 7.10"),
                ("Earl Grey, hot", "no replicator needed", "£ 5.90"),
            )
        )
    )
    return Mail(
        TEA,
        "☕ Three teas for long listings",
        "Assam No. 2, Lapsang, Earl Grey: https://leafandkettle.example/now",
        "6d 07:30",
        flags="S",
        html=page(
            "Free postage until the kettle boils.",
            "Three teas for long listings",
            f"<table width='100%'><tr>{cells}</tr></table><p>Enter <code>KETTLE</code> at the till.</p>",
            footer="Leaf &amp; Kettle, 3 Steam Lane. <a href='https://leafandkettle.example/bye'>Enough tea</a>",
            colour="#2f5f3a",
        ),
        headers=(("List-Unsubscribe", "<https://leafandkettle.example/bye>"),),
    )


def _forge() -> list[Mail]:
    entries = (
        (
            "[engine/notes] Bernoulli numbers overflow at B(16) (#41)",
            "7d 21:14",
            "S",
            "konrad opened an issue",
            (
                "B(16) has a numerator of four digits, but the column on the store is printed with three "
                "wheels. Steps:\n\n"
                "1. compute B(16)\n2. listen\n\nExpected: -3617/510. Seen: -617/510 and a click."
            ),
        ),
        (
            "Re: [engine/notes] Bernoulli numbers overflow at B(16) (#41)",
            "7d 22:02",
            "S",
            "ada commented",
            ("The click is the carry, leaving. A fourth wheel is on order.\n\nI keep this open until it has arrived."),
        ),
        (
            "[engine/notes] Pull request: turn the symbol table round (#42)",
            "4h",
            "",
            "grace wants to merge 1 commit",
            (
                "As discussed. The names that are used most are now found first: 3.1 times faster on the inventory\n"
                "problem.\n\nThe comment says why, so that nobody tidies it up."
            ),
        ),
        (
            "[engine/notes] Run failed: nightly on main",
            "10h",
            "",
            "the nightly run",
            (
                "tests: 1,204 passed, 1 failed\n\n  test_the_carry_ripples_in_one_turn\n    expected 1000, got "
                "0990\n\n"
                "It passed on the second turn. It always does."
            ),
        ),
    )
    made = []
    for number, (subject, when, flags, who, text) in enumerate(entries):
        issue = 41 + number // 2
        body = "".join(f"<p>{line}</p>" for line in text.split("\n\n"))
        made.append(
            Mail(
                FORGE,
                subject,
                f"{who}:\n\n{text}\n\n-- \nReply to this mail, or see https://forge.example/engine/notes/{issue}",
                when,
                flags=flags,
                html=f"<p><b>{who}</b></p>{body}<p style='color:#888'>—<br>Reply to this mail directly, or "
                f"<a href='https://forge.example/engine/notes/{issue}'>view it on the forge</a>.</p>",
                headers=(
                    ("List-Id", "engine/notes <notes.engine.forge.example>"),
                    ("X-Forge-Reason", "subscribed"),
                    *((("References", "<engine/notes/41@forge.example>"),) if number < 2 else ()),
                ),
            )
        )
    return made


def _debian() -> Mail:
    return Mail(
        DEBIAN,
        "[DSA 5821-1] linux security update",
        """
-------------------------------------------------------------------------
Debian Security Advisory DSA-5821-1                 security@debian.example
https://www.debian.example/security/
-------------------------------------------------------------------------

Package        : linux
CVE ID         : CVE-2024-00001 CVE-2024-00002

Several vulnerabilities have been discovered in the kernel that may lead to a
privilege escalation, denial of service or information leaks.

For the stable distribution (bookworm), these problems have been fixed in
version 6.1.119-1.

We recommend that you upgrade your linux packages. The Engine is not affected,
since it has no network and nobody can be found who would turn the handle that
fast.

Mailing list: announce@lists.debian.example
""",
        "4h",
        flags="",
        headers=(
            ("List-Id", "<announce.lists.debian.example>"),
            ("List-Unsubscribe", "<mailto:announce-request@lists.debian.example?subject=unsubscribe>"),
            ("Precedence", "list"),
        ),
    )


def _library() -> Mail:
    return Mail(
        LIBRARY,
        "Due on Saturday: 2 books",
        """
Dear reader,

please bring back, or renew by answering RENEW:

  Laplace, Mécanique céleste, vol. 3        due Saturday, 2nd reminder
  Menabrea, Notions sur la machine          due Saturday

Vol. 3 has been out since spring. Nobody else has asked for it, but the shelf
looks sad.

The City Library
""",
        "1d 09:00",
        flags="",
    )


def _backups() -> list[Mail]:
    return [
        Mail(
            BACKUP,
            f"lovelace: backup {state}",
            f"""
host      lovelace.example
started   02:00:01
ended     {ended}
copied    {copied}
checked   {checked}

{remark}
""",
            when,
            flags=flags,
            mailbox=mailbox,
            headers=(("Auto-Submitted", "auto-generated"),),
        )
        for state, ended, copied, checked, remark, when, flags, mailbox in (
            (
                "ok",
                "02:04:40",
                "1.2 GB, 418 files",
                "418 of 418",
                "Nothing to do. Go back to sleep.",
                "2d 02:04",
                "S",
                "Archive",
            ),
            (
                "ok",
                "02:04:55",
                "1.3 GB, 431 files",
                "431 of 431",
                "Nothing to do. Go back to sleep.",
                "1d 02:04",
                "S",
                "Archive",
            ),
            (
                "ok, one file changed while it was read",
                "02:05:13",
                "1.3 GB, 433 files",
                "432 of 433",
                "notes/note-g.csv was being written at 02:03. Who works at that hour?",
                "0d 02:05",
                "",
                "INBOX",
            ),
        )
    ]


def _statement() -> Mail:
    csv = "date,text,amount\n1,Opening balance,1843.00\n3,Brass and gunmetal,-912.75\n9,The Corner Press,-55.40\n"
    return Mail(
        BANK,
        "Your statement is ready",
        "Dear Ms Byron,\n\nyour statement is attached as a table. We never ask for your password by mail,\nnor "
        "anybody's.\n",
        "11d 08:15",
        flags="S",
        mailbox="Archive",
        files=(File("statement.csv", "text/csv; charset=utf-8", csv.encode()),),
    )
