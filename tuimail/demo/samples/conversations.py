"""Threads of the sample mailbox: people who answer each other."""

from __future__ import annotations

from tuimail.demo.samples import files
from tuimail.demo.samples.builder import File, Mail, Reply, thread
from tuimail.demo.samples.people import (
    ALAN,
    BARBARA,
    CHARLES,
    EDSGER,
    GRACE,
    JEAN,
    KATHERINE,
    MARGARET,
    MARY,
    OWNER,
)


def mails() -> list[Mail]:
    """All of them."""
    return [
        *_compiler_review(),
        *_note_g(),
        *_moth(),
        *_guidance(),
        *_exhibition(),
    ]


def _compiler_review() -> list[Mail]:
    listing = File(
        "listing.pdf",
        "application/pdf",
        files.pdf(
            "A-2 compiler, second pass",
            [
                "  0  INPUT INVENTORY FILE-A PRICE FILE-B ; OUTPUT PRICED-INV FILE-C",
                "  1  COMPARE PRODUCT-NO (A) WITH PRODUCT-NO (B) ;",
                "     IF GREATER GO TO OPERATION 10 ; IF EQUAL GO TO OPERATION 5 ;",
                "     OTHERWISE GO TO OPERATION 2 .",
                "  2  TRANSFER A TO D .        *** why not fall through? -- GH",
                "  3  WRITE-ITEM D .",
                "  4  JUMP TO OPERATION 8 .",
                "  5  TRANSFER A TO C .        *** one too many, see note",
            ],
        ),
    )
    first = Mail(
        GRACE,
        "Compiler review, Thursday",
        """
Ada,

Shall we look at the second pass before lunch? The listing is attached, with
my pencil marks typed in. Three things bother me:

1. Operations 2 to 4 do by a jump what would happen anyway.
2. The symbol table is searched from the wrong end, so the names that are used
   most are found last.
3. It works. I have stopped trusting things that work the first time.

Nobody believed that a computer could write its own programs, so let us at
least make sure that it writes good ones. I will bring a wire, about a foot
long. You will see why.

Grace
""",
        "3h",
        cc=(ALAN,),
        files=(listing,),
        flags="F",
    )
    return thread(
        first,
        Reply(
            OWNER,
            "2h",
            """
Before lunch is perfect: I get less patient after it.

On 2: turn the table round, and nothing else changes. I would also write down
why, or somebody will tidy it up again in a year.

Is the wire a nanosecond?

Ada
""",
            quote=9,
        ),
        Reply(
            GRACE,
            "95m",
            """
It is. I hand them out, so that people stop throwing them away.

Alan, you are welcome too, if you can keep from proving that it does not halt.
""",
            flags="",
        ),
        Reply(
            ALAN,
            "50m",
            """
I cannot promise that in general, but for this particular program I am
hopeful.

I shall be late. The bicycle chain comes off every so many turns; I count them
now, and stop in time.

Alan
""",
            quote=3,
            flags="",
        ),
    )


def _note_g() -> list[Mail]:
    table = File(
        "note-g.csv",
        "text/csv; charset=utf-8",
        "step,operation,variables,result\n1,×,V2 × V3,V4 V5 V6\n2,−,V4 − V1,V4\n3,+,V5 + V1,V5\n4,÷,V5 ÷ V4,V11\n"
        "5,÷,V11 ÷ V2,V11\n6,−,V13 − V11,V13\n7,−,V3 − V1,V10\n".encode(),
    )
    first = Mail(
        CHARLES,
        "The numbers of Bernoulli",
        """
My dear Lady,

I have read your Note G twice, the second time standing up. The table by which
the Engine is to compute the numbers of Bernoulli seems to me entirely right,
save one place in the fourth operation, where you appear to have divided the
wrong way about. Or I have.

I should be glad of a fair copy before the printer sees it. He has been paid
by the sheet and takes no interest in truth.

C. Babbage
""",
        "6d 10:20",
        flags="S A",
        mailbox="Projects/Engine",
    )
    return thread(
        first,
        Reply(
            OWNER,
            "6d 16:45",
            """
You are right about the fourth operation: V5 and V4 stand the wrong way round.
It would have been the first fault in a program before there was a machine to
run it on, so in a way I am sorry to see it go.

The table is attached as it should be. Please do not improve it.

A. B.
""",
            files=(table,),
        ),
        Reply(
            CHARLES,
            "5d 08:05",
            """
I have improved nothing but one comma.

The Treasury asks again what the Engine is for. I have told them that it is for
everything, which they find too much. What would you say?
""",
            flags="S A",
        ),
        Reply(
            OWNER,
            "5d 11:30",
            """
Say that it weaves algebraical patterns, just as the Jacquard loom weaves
flowers and leaves. If they do not care for algebra, say that it might compose
elaborate pieces of music. And if they care for neither, we want other people.

A. B.
""",
        ),
        Reply(
            CHARLES,
            "4d 07:50",
            """
The music has done it. They want to know whether it can play "God Save the
Queen", and I said that it could surely be taught.

I enclose nothing, as I have lost it.

C. B.
""",
            flags="S",
        ),
    )


def _moth() -> list[Mail]:
    page = File("logbook-page-92.png", "image/png", files.moth_png())
    first = Mail(
        GRACE,
        "First actual case of bug being found",
        """
For the file, and for everybody who keeps asking.

Relay 70, panel F: a moth. We taped it into the logbook next to the entry for
15:45. The word is older than the insect (Edison used it), but the insect is
better evidence.

A picture of the page is attached, drawn from memory. The moth looked less
surprised.

Grace
""",
        "34d 15:45",
        cc=(MARGARET, KATHERINE),
        files=(page,),
        flags="S F",
        mailbox="Archive",
    )
    return thread(
        first,
        Reply(
            MARGARET,
            "34d 17:10",
            """
We had one too, but ours was four years old: my daughter, in the simulator,
pressing P01 during flight. "Astronauts would never do that", they told me, so
the check was left out. Apollo 8 did exactly that.

Put the check in. And keep the moth dry.

Margaret
""",
        ),
        Reply(KATHERINE, "33d 08:30", "What was the wing span? I should like to check the tape.\n\nKatherine", quote=2),
        Reply(
            OWNER,
            "33d 09:15",
            """
About two inches, says Grace's drawing, and she rules straight lines.

May I have the picture for the exhibition? I would hang it at eye level and
let people look for the fault in the relay instead.
""",
            quote=1,
        ),
        Reply(GRACE, "33d 14:02", "You may. Lend, not give: the moth is on duty.\n\nGrace", quote=3),
    )


def _guidance() -> list[Mail]:
    first = Mail(
        MARGARET,
        "Alarm 1202, calmly",
        """
Everyone wants the story of the alarms again, so here it is once, in order.

The rendezvous radar was on when it should have been off. It stole about 13 %
of the computer's time. The computer noticed that it could not do everything,
dropped what mattered least, kept what mattered most, said so (1202, 1201),
and went on. Three minutes later they stood on the Moon.

What I want people to take from it is dull and useful: decide *beforehand*
what you will stop doing when you are overloaded.

Margaret
""",
        "12d 13:30",
        to=(OWNER, BARBARA, EDSGER),
        flags="S",
        mailbox="Archive",
    )
    return thread(
        first,
        Reply(
            EDSGER,
            "12d 20:11",
            """
I approve of a program that knows its priorities. I know few people of whom
one can say it.

I add that testing would never have found it. It would have shown the presence
of the radar, not its absence.

EWD
""",
        ),
        Reply(
            BARBARA,
            "11d 09:40",
            """
And it only works because each job could be thrown away and started again
without the others noticing. That is an interface, although nobody called it
one then.

Barbara
""",
            quote=4,
        ),
        Reply(
            OWNER,
            "11d 11:05",
            """
So: priorities, restartable jobs, and an honest message while it happens. I
should like my mail program to be built like that.

(It seems it is.)

Ada
""",
            quote=10,
        ),
    )


def _exhibition() -> list[Mail]:
    labels = File(
        "labels-draft.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        files.docx(
            [
                "Labels for the exhibition, second draft",
                "Card 1. A loom that reads. Lyon, 1804.",
                "Card 2. An engine that was never built, and a program for it that was.",
                "Card 3. A moth.",
            ]
        ),
    )
    pictures = File(
        "pictures.zip",
        "application/zip",
        files.archive(
            [
                ("pictures/README.txt", "Scans of the wall texts. The loom is the right way up.\n"),
                ("pictures/list.csv", "number,what,from\n1,loom,Lyon\n2,difference engine,London\n3,moth,Virginia\n"),
            ]
        ),
    )
    first = Mail(
        MARY,
        "Wall texts for the exhibition",
        """
Dear Ada,

The draft of the labels is attached, with the list of pictures. Please be
severe. A label that needs a second sentence has the wrong first one.

Two questions:
 - do we say "computer" for the people or for the machines in room 1?
 - may the moth have a room to itself?

Mary
""",
        "2d 09:30",
        files=(labels, pictures),
        flags="S A",
    )
    return thread(
        first,
        Reply(
            OWNER,
            "2d 12:10",
            """
Room 1: for the people, with their names. In room 2 the machines may have the
word.

The moth gets a niche. A room would go to its head.
""",
            quote=9,
        ),
        Reply(
            MARY,
            "1d 18:20",
            """
Agreed, and done. The printer asks for the final files on Friday at noon; he
says noon and means ten.

Mary
""",
            flags="",
            quote=4,
        ),
        Reply(
            JEAN,
            "1d 21:05",
            """
If there is a wall for names, please have all six of us: Kay, Betty, Marlyn,
Frances, Ruth and me. For fifty years they thought that we were models,
standing there to make the ENIAC look good.

Jean
""",
            to=2,
            flags="F",
            quote=0,
        ),
    )
