"""More threads of the sample mailbox: the shorter ones, and the long vote of the reading group."""

from __future__ import annotations

from tuimail.demo.samples.builder import Mail, Reply, thread
from tuimail.demo.samples.people import (
    ALAN,
    BARBARA,
    EDSGER,
    EMILE,
    GRACE,
    HEDY,
    KATHERINE,
    KONRAD,
    MARY,
    OWNER,
    RADIA,
)


def mails() -> list[Mail]:
    """All of them."""
    return [*_goto(), *_orbit(), *_plans(), *_bridges(), *_frequency(), *_reading_group()]


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
