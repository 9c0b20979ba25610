"""Three mailing lists, with the headers that lists write (RFC 2369, RFC 2919, RFC 8058)."""

from __future__ import annotations

from dataclasses import replace

from tuimail.demo.samples.builder import Mail, Reply, thread
from tuimail.demo.samples.people import (
    ALAN,
    BARBARA,
    CAFE,
    CHARLES,
    COMPILERS,
    EDSGER,
    ELENI,
    EMILE,
    GRACE,
    HISTORY,
    JEAN,
    JUERGEN,
    KEN,
    KONRAD,
    LUDMILA,
    MARGARET,
    MARY,
    OWNER,
    SOFIA,
    Person,
)


def mails() -> list[Mail]:
    """All of them."""
    return [*_compilers(), *_history(), *_cafe()]


def _headers(posts: Person, title: str) -> tuple[tuple[str, str], ...]:
    name, _, host = posts.address.partition("@")
    return (
        ("List-Id", f"{title} <{name}.{host}>"),
        ("List-Post", f"<mailto:{posts.address}>"),
        ("List-Help", f"<mailto:{name}-request@{host}?subject=help>"),
        ("List-Unsubscribe", f"<https://{host}/{name}/leave>,\r\n <mailto:{name}-request@{host}?subject=unsubscribe>"),
        ("List-Archive", f"<https://{host}/archive/{name}/>"),
        ("Precedence", "list"),
    )


def _post(
    posts: Person, title: str, mailbox: str, sender: Person, subject: str, text: str, when: str, flags: str = ""
) -> Mail:
    return Mail(
        sender,
        f"[{posts.address.partition('@')[0]}] {subject}",
        text,
        when,
        mailbox=mailbox,
        to=(posts,),
        flags=flags,
        headers=_headers(posts, title),
    )


def _compilers() -> list[Mail]:
    def post(sender: Person, subject: str, text: str, when: str, flags: str = "S") -> Mail:
        return _post(COMPILERS, "Compilers, and why", "Lists/Compilers", sender, subject, text, when, flags)

    return [
        *thread(
            post(
                KEN,
                "Reflections on a login",
                """
A small exercise for the weekend.

1. Write the shortest program that prints its own source.
2. Teach a compiler to recognise when it compiles `login`, and to add a door.
3. Teach it to recognise when it compiles *itself*, and to add 2 and 3.
4. Remove both from the source.

Now read the source as long as you like.

The moral is in the post after this one, if you trust the server.
""",
                "5d 20:15",
            ),
            Reply(
                GRACE,
                "5d 22:40",
                """
So the wire is cut before one sees that it was ever there.

How would you find it? By compiling the compiler with a second one, written by
people who do not speak to you?
""",
                quote=12,
            ),
            Reply(
                KEN,
                "4d 02:10",
                """
Yes. If both give the same bytes, either neither is bent or both are, by the
same hand. It gets expensive to be everywhere at once. Not impossible.
""",
                quote=8,
            ),
            Reply(
                BARBARA,
                "4d 16:30",
                """
You can't trust code that you did not totally create yourself, then. But
nobody totally creates anything. We trust people, and the interface between
them is where to look first.
""",
                quote=12,
            ),
            Reply(
                JUERGEN,
                "3d 11:05",
                """
We did it: two compilers, two architectures, same bytes after the third
round. It took four months, and the difference before that was a timestamp.

It is always a timestamp.
""",
                quote=14,
                flags="",
            ),
        ),
        *thread(
            post(
                EDSGER,
                "Numbering should start at zero",
                """
To denote the subsequence of natural numbers 2, 3, ..., 12 without the
pernicious three dots, four conventions are open to us:

 a)  2 <= i < 13
 b)  1 < i <= 12
 c)  2 <= i <= 12
 d)  1 < i < 13

Only a) has a bound that is a number of the sequence, a length that is the
difference of the bounds, and an empty sequence that is not ugly. The rest is
for the reader, who should start at page 0.
""",
                "10d 09:00",
            ),
            Reply(
                JEAN,
                "10d 17:20",
                """
The ENIAC had ten counters in a ring, numbered 0 to 9, and nobody wrote a
paper about it. We just got on with the ballistics.
""",
                quote=2,
            ),
            Reply(
                CHARLES,
                "9d 08:30",
                """
My wheels begin at nought because that is where the tooth is. I am gratified to
learn that it was also right.
""",
                quote=3,
                to=0,
            ),
            Reply(
                EDSGER,
                "9d 09:00",
                "Being right by accident is still the commonest way of being right.",
                quote=2,
                flags="",
            ),
        ),
        post(
            GRACE,
            "ANN: a compiler that reads English",
            """
It reads sentences like

    ADD HOURS-WORKED TO TOTAL-HOURS.
    IF TOTAL-HOURS IS GREATER THAN 40, GO TO OVERTIME.

I was told that I could not do this, because computers do not understand
English. It does not: it looks up some thirty words and is polite about the
rest. To show the point I also built it for French and German. Management was
alarmed that an American computer might speak German.

Manual by post, on request; bring your own binder.
""",
            "13d 15:00",
        ),
        post(
            JUERGEN,
            "Register allocation on a napkin",
            """
Hello all,

is there a reason (other than that nobody likes colouring) to spill the value
that is used *last* rather than the one that is used *furthest away*? On my
test programs it loses 4 %, and on the big one it wins 11 %, and I do not
understand why. Napkin available on request.

Jürgen
""",
            "1d 10:30",
            flags="",
        ),
        post(
            MARGARET,
            "CFP: software that must not fail",
            """
Call for papers. One track, two days, no slides before ten in the morning.

We want reports of things that went wrong and were caught, with the listing.
Papers that contain the word "obviously" are returned unread.

   Submission:   in six weeks
   Notification: in ten
   Programme:    in twelve, and it will run on time

For the committee,
Margaret
""",
            "8h",
            flags="F",
        ),
    ]


def _history() -> list[Mail]:
    def post(sender: Person, subject: str, text: str, when: str, flags: str = "S") -> Mail:
        return _post(HISTORY, "Computing history", "Lists/History", sender, subject, text, when, flags)

    return [
        *thread(
            post(
                MARY,
                'Who first said "computer" and meant a person?',
                """
I have 1613, Richard Brathwait, in a book of advice: "the truest computer of
Times, and the best Arithmetician that ever breathed, and he reduceth thy dayes
into a short number".

Has anybody an earlier one?

Mary
""",
                "40d 10:00",
            ),
            Reply(
                ELENI,
                "40d 14:25",
                """
Not the word, but the thing: thirty bronze wheels, found by sponge divers off
Antikythera. It knew the Moon's uneven pace, eclipses, and when the Games were
due. Whoever made it did not call it anything that we know of.

Eleni
""",
                quote=6,
            ),
            Reply(
                SOFIA,
                "39d 16:00",
                """
And Torres Quevedo's chess player of 1912: it played rook and king against
king, with real pieces, and if you cheated three times it switched itself off.
I have sat across from it. It is a very calm opponent.

Sofía
""",
                quote=0,
            ),
            Reply(MARY, "39d 18:10", "Both go into the catalogue. Cheating counts as a visitor experience.", quote=4),
        ),
        *thread(
            post(
                LUDMILA,
                "Setun, the computer that counted to three",
                """
Dear list,

in 1958 in Moscow a computer was built with digits -1, 0 and 1: Setun, after a
small river. No sign bit, rounding by cutting off, and negation by turning the
number over. About fifty were made, they hardly broke, and then we were told
to build something ordinary.

I keep one ferrite plate. It still remembers a number. I do not know which.

Ludmila
""",
                "16d 12:00",
            ),
            Reply(
                EDSGER,
                "16d 13:15",
                """
"Perhaps the prettiest number system of all", as somebody wrote. Beauty was
never a reason to be continued.
""",
                quote=8,
            ),
            Reply(
                KONRAD,
                "15d 08:40",
                "The number is surely 0. I speak from experience.\n\nKonrad",
                quote=3,
                to=0,
                flags="",
            ),
        ),
        post(
            JEAN,
            "How we learned to program the ENIAC",
            """
People ask which manual we used. There was none. They gave us the block
diagrams and said: figure out how the machine works, and then figure out how
to program it. We were not cleared to see it at first, so we did it on paper,
in an empty room, and met the machine afterwards.

It helps. You do not get fond of the lights.

Jean
""",
            "27d 19:45",
        ),
        post(
            ALAN,
            "Strawberry, a correction",
            """
It has been written that the machine's first love letters (1952) were mine.
They were Christopher Strachey's; I only wrote the random number instruction,
which takes its numbers from noise.

    DARLING SWEETHEART
    YOU ARE MY AVID FELLOW FEELING. MY AFFECTION CURIOUSLY CLINGS
    TO YOUR PASSIONATE WISH. MY LIKING YEARNS FOR YOUR HEART.
    YOURS BEAUTIFULLY
    M. U. C.

I should have filtered "curiously clings".

Alan
""",
            "73d 11:11",
        ),
        post(
            MARY,
            "Archive hours in the holidays",
            """
The reading room is closed from the 24th to the 2nd. The pneumatic tube is not,
so please stop sending apples through it.

Mary
""",
            "1d 15:30",
            flags="",
        ),
    ]


def _cafe() -> list[Mail]:
    def post(sender: Person, subject: str, text: str, when: str, flags: str = "S") -> Mail:
        return _post(
            CAFE, "=?utf-8?Q?Caf=C3=A9_des_sciences?=", "Lists/Café des sciences", sender, subject, text, when, flags
        )

    moved = post(
        EMILE,
        "Réunion décalée à jeudi",
        """
Bonsoir à tous,

le café est fermé mardi (inventaire des petites cuillères). Nous nous
retrouvons donc jeudi, même heure, même salle, mêmes retenues.

Émile
""",
        "20h",
        flags="",
    )
    return [
        replace(moved, subject="Réunion décalée à jeudi", mailbox="INBOX"),
        *thread(
            post(
                EMILE,
                "La prochaine séance",
                """
Chers amis,

le prochain café aura lieu mardi à 19 h, dans l'arrière-salle. Sujet : « La
Pascaline, ou comment un fils aide son père à faire ses comptes ». J'apporte
la machine (une copie), vous apportez les retenues.

Entrée libre, sortie aussi.

Émile
""",
                "6d 18:00",
            ),
            Reply(
                SOFIA,
                "6d 19:30",
                """
J'y serai ! Est-ce que la Pascaline sait soustraire, ou bien faut-il tricher
avec le complément à neuf ?

Sofía
""",
                quote=4,
            ),
            Reply(
                EMILE,
                "5d 09:00",
                """
Il faut tricher. C'est même tout l'intérêt : on additionne ce qui manque, et
ce qui dépasse tombe par terre.
""",
                quote=3,
                flags="",
            ),
        ),
        post(
            OWNER,
            "Une question pour jeudi",
            """
Bonjour,

peut-on dire d'une machine qu'elle calcule, si personne ne lit le résultat ?
Je ne prétends pas répondre ; je voudrais seulement que l'on pose la question
avant le dessert.

Ada
""",
            "18h",
        ),
    ]
