"""Threads of the sample mailbox: people who answer each other."""

from __future__ import annotations

from tuimail.demo.samples import files
from tuimail.demo.samples.builder import File, Mail, Reply, thread
from tuimail.demo.samples.people import (
    ALAN,
    BARBARA,
    CHARLES,
    EDSGER,
    EMILE,
    GRACE,
    HEDY,
    JEAN,
    KATHERINE,
    KONRAD,
    MARGARET,
    MARY,
    OWNER,
    RADIA,
)


def mails() -> list[Mail]:
    """All of them."""
    return [
        *_compiler_review(),
        *_note_g(),
        *_moth(),
        *_guidance(),
        *_exhibition(),
        *_goto(),
        *_orbit(),
        *_plans(),
        *_bridges(),
        *_frequency(),
        *_reading_group(),
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


def _goto() -> list[Mail]:
    first = Mail(
        EDSGER,
        "A letter to the editor",
        """
Dear Ada,

I sent them two pages with the title "A Case against the GO TO Statement".
To speed up publication they printed it as a letter and gave it a title of
their own: "Go To Statement Considered Harmful".

I foresee a long life for the title and a short one for the argument.

EWD
""",
        "58d 08:00",
        flags="S",
        mailbox="Archive",
    )
    return thread(
        first,
        Reply(OWNER, "58d 10:12", "It will be considered considerably.\n\nAda", quote=3),
        Reply(
            GRACE,
            "58d 15:40",
            "I have a listing here with eleven thousand of them. Where shall I send it?\n\nGrace",
            to=0,
            quote=2,
        ),
        Reply(EDSGER, "57d 08:00", "To the author, with my condolences.\n\nEWD", quote=1),
    )


def _orbit() -> list[Mail]:
    first = Mail(
        KATHERINE,
        "Checking the machine's figures",
        """
Ada,

They will fly on the new machine's numbers, but John says that he will not go
before "the girl" has checked them by hand. The girl is forty-three and has
three daughters.

It took a day and a half with the desk calculator. They agree to the last
digit that I carried. I enclose no proof, as it fills a shelf.

Katherine
""",
        "9d 16:00",
        flags="S F",
        mailbox="INBOX",
    )
    return thread(
        first,
        Reply(
            OWNER,
            "9d 18:45",
            """
I would fly on yours.

Which way did you integrate: did you start from where he is to come down?
""",
            quote=8,
        ),
        Reply(
            KATHERINE,
            "8d 08:15",
            """
Always. Tell me where you want him to land, and I will tell you where to send
him up.

Katherine
""",
            flags="S",
            quote=3,
        ),
    )


def _plans() -> list[Mail]:
    first = Mail(
        KONRAD,
        "Pläne für den Nachbau der Z1",
        """
Liebe Ada,

der Nachbau geht voran: 30.000 Teile, davon passen inzwischen 29.996. Die
übrigen vier liegen auf dem Küchentisch, und ich weiß, dass sie von Hand
gesägt sind, denn ich habe sie selbst gesägt.

Mein Vater fragt, warum ich nicht einfach eine Rechenmaschine kaufe.

Könntest du am Samstag die Zeichnungen der Rechenebene durchsehen? Es gibt
Kuchen.

Herzliche Grüße
Konrad
""",
        "15d 14:20",
        charset="iso-8859-15",
        flags="S A",
    )
    return thread(
        first,
        Reply(
            OWNER,
            "15d 17:00",
            """
Lieber Konrad,

für Kuchen sehe ich auch die Speicherebene durch. Samstag um drei?

Ada
""",
            quote=6,
        ),
        Reply(
            KONRAD, "14d 09:00", "Um drei. Bring eine Lupe mit, und bitte keine Magnete.\n\nKonrad", flags="S", quote=3
        ),
    )


def _bridges() -> list[Mail]:
    first = Mail(
        RADIA,
        "I think that I shall never see",
        """
...a graph more lovely than a tree.

The managers wanted the bridges to find a path without loops, in a network of
any size, with a memory that does not grow. They gave me a week. I had it on
the first day, proved it on the second, and wrote a poem for the abstract on
the third.

   A tree whose crucial property
   Is loop-free connectivity.
   A tree that must be sure to span
   So packets can reach every LAN.

What does one do with the remaining two days?

Radia
""",
        "21d 19:30",
        flags="S",
        mailbox="Archive",
    )
    return thread(
        first,
        Reply(OWNER, "21d 21:00", "Rest. The network will not.\n\nMay I have the poem for the wall?\n\nAda", quote=12),
        Reply(
            RADIA,
            "20d 06:45",
            "You may, but the protocol goes on the wall too, and in the same size.\n\nRadia",
            flags="S",
            quote=3,
        ),
    )


def _frequency() -> list[Mail]:
    first = Mail(
        HEDY,
        "A piano roll for torpedoes",
        """
Ada darling,

George says that eighty-eight frequencies are enough, because he has a piano.
Both ends hop at once, by the same punched roll, and whoever wants to jam the
signal must guess the tune.

The Navy has read it, and asked whether I would not rather sell kisses for war
bonds. I sold seven million dollars' worth in one evening. The patent I filed
anyway.

Will you look at the timing of the rolls? Paper stretches.

Hedy
""",
        "4d 22:40",
        flags="",
    )
    return thread(
        first,
        Reply(
            OWNER,
            "3d 09:50",
            """
Punch a mark every bar and let the receiver wait for it: then the paper may
stretch as it likes between two marks. Your engine needs to keep time only for
a bar, and any musician can do that.

Ada
""",
            quote=11,
        ),
        Reply(HEDY, "2d 23:15", "Any *good* musician. George is delighted. So am I.\n\nH.", flags="", quote=4),
    )


def _reading_group() -> list[Mail]:
    first = Mail(
        BARBARA,
        "Reading group: which paper next?",
        """
Three on the list, please vote by Friday:

 a) "On Computable Numbers" (1936), 36 pages, no machine required
 b) "As We May Think" (1945), a desk that remembers for you
 c) "Programming with Abstract Data Types" (1974), of which I know the authors

We meet at Mary's, who has the larger teapot.

Barbara
""",
        "7d 10:00",
        to=(OWNER, ALAN, EDSGER, MARY, EMILE),
        flags="S A",
    )
    return thread(
        first,
        Reply(ALAN, "7d 11:20", "Not a). I know how it ends; or rather, I know that one cannot know.\n\nAlan", quote=4),
        Reply(EDSGER, "7d 12:00", "c). Bring your own chalk.\n\nEWD", to=0, quote=0),
        Reply(
            EMILE,
            "7d 14:35",
            """
b) pour moi. Un bureau qui se souvient de tout me serait utile : je ne trouve
plus le mien sous les papiers.

Émile
""",
            to=0,
            quote=0,
        ),
        Reply(OWNER, "7d 15:00", "b), then c). I second the chalk.\n\nAda", to=0, quote=5),
        Reply(
            MARY,
            "6d 09:00",
            "b) it is, by three to one and one in French. Thursday at four. The teapot is ready.\n\nMary",
            to=0,
            quote=0,
        ),
        Reply(
            ALAN,
            "6d 09:40",
            "I shall bring my own mug. It is chained to the radiator, so I may need help.\n\nAlan",
            quote=2,
            flags="S",
        ),
        Reply(BARBARA, "6d 13:30", "We could bring the radiator.\n\nBarbara", quote=2, flags="S"),
    )
