"""Single letters: the welcome, letters with every kind of attachment, drafts, things sent, archived and thrown away."""

from __future__ import annotations

from tuimail.demo.samples import files
from tuimail.demo.samples.builder import File, Mail
from tuimail.demo.samples.people import (
    ALAN,
    BARBARA,
    CALENDAR,
    CHARLES,
    CORNER,
    EDSGER,
    EMILE,
    FORGE,
    GRACE,
    HEDY,
    JEAN,
    JUERGEN,
    KATHERINE,
    KEN,
    KONRAD,
    LIBRARY,
    MARGARET,
    MARY,
    MUSEUM,
    NIGHT_TRAIN,
    OWNER,
    RADIA,
    TARO,
    WELCOME,
    Person,
)


def mails() -> list[Mail]:
    """All of the IMAP account."""
    return [_welcome(), *_with_files(), *_drafts(), *_sent(), *_archive(), *_trash()]


def _welcome() -> Mail:
    return Mail(
        WELCOME,
        "Welcome to tuimail",
        """
Hello!

This mailbox is made up. It lives in the memory of your computer and is gone
when you quit, so press whatever you like. Nothing here can leave your machine.

    j k, arrows   move through the list
    Enter         open a message
    Tab           go to the next pane, or click on it
    r  c          answer it, write a new one
    e  d  u       archive it, delete it, take that back
    s  m          star it, mark it read or unread
    S             save an attachment, when one is in sight
    T             conversations, or every message by itself
    /             search all mail
    Ctrl+P        find any command, mailbox or message
    ?             all keys
    q             quit

Things worth opening: the thread "Compiler review, Thursday" with a listing to
save; "The loom that read", a newsletter; 山田 太郎 in Japanese; and
"Invoice 2024-1107", whose file is not what it says.

New mail comes in while you look around. To read your own:

    tuimail account add

Have a good time.
""",
        "20m",
        flags="F",
    )


def _with_files() -> list[Mail]:
    invitation = File(
        "invite.ics",
        'text/calendar; charset=utf-8; method=REQUEST; name="invite.ics"',
        files.invite(
            "compiler-review@navy.example",
            "{thursday}T100000Z",
            "{thursday}T113000Z",
            "Compiler review, second pass",
            "Room 2, the one with the blackboard",
            "calendar@navy.example",
            "ada@example.org",
        )
        .replace("\n", "\r\n")
        .encode(),
    )
    card = File(
        "radia.vcf",
        "text/vcard; charset=utf-8",
        files.contact("Radia Perlman", "radia@bridges.example", "+1-555-0142", "Prefers trees"),
    )
    poem = File("algorhyme.txt", "text/plain; charset=utf-8", _ALGORHYME.encode())
    forwarded = (
        b"Date: Mon, 02 Sep 2024 08:00:00 +0000\r\nFrom: Alan Turing <alan@bletchley.example>\r\n"
        b"To: Konrad Zuse <konrad@zuse.example>\r\nSubject: On plans that calculate\r\nMIME-Version: 1.0\r\n"
        b"Message-ID: <plankalkuel.1@bletchley.example>\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        b"Dear Konrad,\r\n\r\nI read your Plankalkuel with delight. A language with no machine\r\n"
        b"is a rare thing; usually it is the other way round. Does the chess program castle?\r\n\r\nAlan\r\n"
    )
    dot = File("letterhead.png", "image/png", files.dot_png(), content_id="letterhead@konrad", disposition="inline")
    return [
        Mail(
            CALENDAR,
            "Invitation: Compiler review, second pass",
            "Grace Hopper invites you:\n\n  Compiler review, second pass\n  Room 2, the one with the blackboard\n\n"
            "Accept, decline, or just come.\n",
            "170m",
            files=(invitation,),
            flags="",
        ),
        Mail(
            CHARLES,
            "Eight bars, on brass",
            """
The Treasury wanted the anthem, so here it is, as the Engine played it to the
gentlemen: eight bars, on brass, without the second verse. The file is large
because the Engine is.

They asked whether it could play softer. It cannot; but one may stand further
away.

C. B.
""",
            "1d 16:40",
            files=(File("eight-bars.wav", "audio/x-wav", files.wav(_EIGHT_BARS)),),
            flags="",
        ),
        Mail(
            RADIA,
            "My card, and the poem in full",
            "As promised, for the wall. The protocol follows when the wall is large enough.\n\nRadia\n",
            "3d 20:30",
            files=(card, poem),
            flags="S",
        ),
        Mail(
            KONRAD,
            "Fwd: On plans that calculate",
            """
Liebe Ada,

sieh dir an, was Alan geschrieben hat. Die Antwort ist übrigens ja: es
rochiert, aber nur nach rechts.

Konrad
""",
            "6d 20:10",
            html="""
<p>Liebe Ada,</p><p>sieh dir an, was Alan geschrieben hat.
Die Antwort ist übrigens <b>ja</b>: es rochiert, aber nur nach
rechts.</p><p>Konrad</p><p><img src="cid:letterhead@konrad" alt=""> <small>Methfesselstraße 7, Berlin</small></p>""",
            files=(dot, File("Fwd", "message/rfc822", forwarded)),
            flags="S",
        ),
        Mail(
            JUERGEN,
            "Re: Re: Re: AW: Which column is the carry?",
            """
You are both right, which is the problem.

Ada Byron wrote:
> No: look at the drawing again. The lever is on the left when you stand where
> the man with the handle stands.
>
> Konrad Zuse wrote:
>> It is on the right. I have built it, and it is on the right.
>>
>> Ada Byron wrote:
>>> The carry is in the left column, surely?
>>>
>>> Jürgen Groß wrote:
>>>> Quick question: which column is the carry? I have the drawing in front
>>>> of me, and a man with a handle.
>>>>
>>>>> Drawing 27, sheet 3, verso

Jürgen
""",
            "13d 18:18",
            flags="S A",
        ),
        Mail(
            BARBARA,
            "Substitution, in one paragraph",
            """
You asked for it without symbols, so:

If a program works with a bird, it must work with a duck, without being told that it got a duck. If the duck needs \
batteries, the program will find out on a Sunday, and it will be your fault, not the duck's. Everything else \
that I wrote about it is how to be sure beforehand.

Use it as you like. I am told that people put it on mugs.

Barbara
""",
            "5d 15:15",
            flowed=True,
            flags="S F",
        ),
    ]


_G, _A, _B, _C, _D, _E, _F_SHARP = 392.0, 440.0, 493.9, 523.3, 587.3, 659.3, 370.0
_EIGHT_BARS = (
    *((_G, 1.0), (_G, 1.0), (_A, 1.0), (_F_SHARP, 1.5), (_G, 0.5), (_A, 1.0)),
    *((_B, 1.0), (_B, 1.0), (_C, 1.0), (_B, 1.5), (_A, 0.5), (_G, 1.0)),
    *((_A, 1.0), (_G, 1.0), (_F_SHARP, 1.0), (_G, 2.0), (0.0, 1.0)),
    *((_D, 1.0), (_D, 1.0), (_D, 1.0), (_D, 1.5), (_C, 0.5), (_B, 1.0)),
)

_ALGORHYME = """I think that I shall never see
A graph more lovely than a tree.

A tree whose crucial property
Is loop-free connectivity.

A tree that must be sure to span
So packets can reach every LAN.

First the root must be selected.
By ID, it is elected.

Least-cost paths from root are traced.
In the tree, these paths are placed.

A mesh is made by folks like me,
Then bridges find a spanning tree.

    Radia Perlman, 1985
"""


def _drafts() -> list[Mail]:
    return [
        Mail(
            OWNER,
            "About the music",
            """
Dear Charles,

suppose that the fundamental relations of pitched sounds could be expressed in
the Engine. It might then compose elaborate and scientific pieces of music of
any degree of complexity or extent. I should like to

""",
            "2d 23:40",
            mailbox="Drafts",
            to=(CHARLES,),
            flags="D S",
        )
    ]


def _sent() -> list[Mail]:
    return [
        Mail(
            OWNER,
            subject,
            text,
            when,
            mailbox="Sent",
            to=(to,),
            flags="S",
        )
        for to, subject, text, when in (
            (
                MUSEUM,
                "Two places for Sunday",
                (
                    "Good morning,\n\ntwo places for the handle at 15:00, please. One of us is left-handed; "
                    "does it matter?\n\n"
                    "Ada Byron\n"
                ),
                "1d 10:40",
            ),
            (LIBRARY, "RENEW", "RENEW\n\n(And I am sorry about the shelf.)\n\nAda Byron\n", "1d 09:20"),
            (
                TARO,
                "写真をありがとうございます",
                "山田様\n\n写真をありがとうございます。そろばんの持ち方が間違っていたのですね。\n練習します。\n\nAda\n",
                "20d 08:00",
            ),
            (
                EMILE,
                "Mon télescope",
                "Cher Émile,\n\nle petit miroir est arrivé entier. Le grand aussi, en deux fois.\n\nAda\n",
                "44d 19:00",
            ),
            (
                JEAN,
                "The wall of names",
                (
                    "Dear Jean,\n\nall six of you, in the same size, in alphabetical order. Mary says that "
                    "the wall is longer than\n"
                    "she thought, and that this is good.\n\nAda\n"
                ),
                "1d 22:30",
            ),
        )
    ]


def _archive() -> list[Mail]:
    return [
        Mail(sender, subject, text, when, mailbox="Archive", flags=flags)
        for sender, subject, text, when, flags in (*_archive_recent(), *_archive_old())
    ]


_Row = tuple[Person, str, str, str, str]


def _archive_recent() -> tuple[_Row, ...]:
    return (
        (
            ALAN,
            "The imitation game, house rules",
            (
                "No typing with gloves. No poetry before question four. If the machine asks for a pause, it gets "
                "one.\n\nAlan\n"
            ),
            "24d 21:30",
            "S",
        ),
        (
            GRACE,
            "A ship in port is safe",
            "...but that is not what ships are for. Send the paper.\n\nGrace\n",
            "31d 07:45",
            "S F",
        ),
        (
            NIGHT_TRAIN,
            "How was your night?",
            "Was the berth (1) too short, (2) too narrow, (3) just right? Answer with a number; a person reads it.\n",
            "37d 11:00",
            "S",
        ),
        (
            KEN,
            "pipes",
            (
                "Finished at three in the morning. You can now put | between any two programs, and they need "
                "not know about\n"
                "each other. Everybody here is writing one-liners. Nobody has slept.\n\nKen\n"
            ),
            "45d 03:05",
            "S",
        ),
        (
            KATHERINE,
            "Count everything",
            (
                "I counted the steps to the road, the steps up to church, the dishes and the silverware that "
                "I washed.\n"
                "Anything that could be counted, I did. What did you count?\n\nKatherine\n"
            ),
            "52d 20:15",
            "S A",
        ),
        (
            CHARLES,
            "On street musicians",
            (
                "I have kept a tally: 165 disturbances in eighty days. The organ-grinder knows my windows. I "
                "enclose a draft\n"
                "of a bill for Parliament.\n\nC. B.\n"
            ),
            "61d 10:10",
            "S",
        ),
        (
            MARY,
            "A word for it",
            (
                'The reviewer did not know what to call me, since "man of science" would not do. So he made one up:\n'
                "scientist. I do not think that it will catch on.\n\nMary\n"
            ),
            "69d 16:00",
            "S F",
        ),
        (
            FORGE,
            "Your account has two-step sign-in now",
            (
                "From today on, signing in takes your password and a number from your watch. If you did not "
                "ask for this,\n"
                "answer this mail.\n"
            ),
            "80d 09:00",
            "S",
        ),
    )


def _archive_old() -> tuple[_Row, ...]:
    return (
        (
            HEDY,
            "Films and physics",
            (
                "Any girl can look glamorous: stand still and look stupid. Any girl can also file a patent, "
                "but then they\n"
                "want you to stand still again.\n\nHedy\n"
            ),
            "96d 23:00",
            "S",
        ),
        (
            RADIA,
            "Why the network was down",
            (
                "One card in one machine shouted at everybody, and everybody repeated it, politely, for ever. "
                "I have an idea.\n\n"
                "Radia\n"
            ),
            "110d 06:30",
            "S",
        ),
        (
            EDSGER,
            "The shortest path",
            (
                "We were shopping in Amsterdam and sat down for coffee. It took about twenty minutes, without "
                "pencil and paper,\n"
                "so I was forced to leave out everything that was not needed.\n\nEWD\n"
            ),
            "128d 15:00",
            "S F",
        ),
        (
            MARGARET,
            "The stack of listings",
            (
                "They photographed me beside it. It is as tall as I am, and we stood very still, both of "
                "us.\n\nMargaret\n"
            ),
            "150d 12:00",
            "S",
        ),
        (
            EMILE,
            "Une étoile pour toi",
            (
                "J'ai trouvé un petit astéroïde près de Vesta et proposé ton nom. Le comité demande si tu es "
                "une déesse.\n"
                "J'ai répondu que cela se discutait.\n\nÉmile\n"
            ),
            "175d 22:22",
            "S F",
        ),
        (
            CORNER,
            "We found the second volume",
            "It was behind the first. Shall we put it aside for you?\n\nThe Corner Press\n",
            "201d 13:13",
            "S A",
        ),
        (
            KONRAD,
            "Die Z3 läuft",
            (
                "Sie rechnet. Zwei Wurzeln in drei Sekunden, und der Nachbar klopft an die Wand, weil es "
                "klappert.\n\nKonrad\n"
            ),
            "236d 19:40",
            "S",
        ),
        (
            ALAN,
            "Daisies",
            (
                "I have been counting petals: 13, 21, 34, and once 22, which turned out to be 21 and a "
                "caterpillar. There is\n"
                "chemistry in it, two substances that chase each other.\n\nAlan\n"
            ),
            "270d 17:00",
            "S",
        ),
        (
            JEAN,
            "The demonstration",
            (
                "It was the night before. The trajectory ran on past the ground, and nobody could say why. I "
                "woke up at two\n"
                "and knew: one switch of ten settings. In the morning it was perfect, and nobody asked who had done "
                "it.\n\nJean\n"
            ),
            "301d 08:30",
            "S F",
        ),
        (
            TARO,
            "そろばんの本",
            "アダ様\n\nそろばんの本をお送りしました。一番大事なことは十二ページに書いてあります。\n「急がないこと。」\n\n山田\n",
            "340d 05:00",
            "S",
        ),
        (
            CHARLES,
            "A subscription to the Engine",
            (
                "Might a hundred people each pay for one wheel? They would have their name on it, and could "
                "come to see it turn.\n\n"
                "C. B.\n"
            ),
            "371d 09:00",
            "S",
        ),
        (
            GRACE,
            "The most dangerous phrase",
            '"We\'ve always done it this way." My clock runs counter-clockwise, to remind the visitors.\n\nGrace\n',
            "402d 14:00",
            "S F",
        ),
    )


def _trash() -> list[Mail]:
    return [
        Mail(
            CORNER,
            "Last chance: bookends",
            "Half price, two for two. They hold books, or each other.\n",
            "4d 11:00",
            mailbox="Trash",
            flags="S",
        ),
        Mail(
            FORGE,
            "We have changed our terms",
            'Section 14.2 (b) now says "may" where it said "might".\n',
            "9d 00:01",
            mailbox="Trash",
            flags="",
        ),
    ]
