"""The people, lists and senders of the sample mail. Their domains belong to nobody (RFC 2606, RFC 6761)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes."""

    name: str
    address: str
    utc_offset_minutes: int = 0


OWNER = Person("Ada Byron", "ada@example.org", 60)
POP_OWNER = Person("Ada Byron", "ada@example.net", 60)

GRACE = Person("Grace Hopper", "grace@navy.example", -300)
ALAN = Person("Alan Turing", "alan@bletchley.example")
EMILE = Person("Émile Lefèvre", "emile.lefevre@observatoire.example", 60)
TARO = Person("山田 太郎", "taro.yamada@kyoto.example", 540)
CHARLES = Person("Charles Babbage", "charles@engine.example")
MARGARET = Person("Margaret Hamilton", "margaret@apollo.example", -300)
KATHERINE = Person("Katherine Johnson", "katherine@langley.example", -300)
EDSGER = Person("Edsger Dijkstra", "edsger@eindhoven.example", 60)
BARBARA = Person("Barbara Liskov", "barbara@mit.example", -300)
KONRAD = Person("Konrad Zuse", "konrad@zuse.example", 60)
HEDY = Person("Hedy Lamarr", "hedy@frequency.example", -480)
MARY = Person("Mary Somerville", "mary@somerville.example")
JEAN = Person("Jean Bartik", "jean@eniac.example", -360)
KEN = Person("Ken T.", "ken@pdp7.example", -300)
RADIA = Person("Radia Perlman", "radia@bridges.example", -480)
LUDMILA = Person("Людмила Орлова", "ludmila@dubna.example", 180)
WEI = Person("陈 伟", "chen.wei@tsinghua.example", 480)
ELENI = Person("Ελένη Παππά", "eleni@antikythera.example", 120)
NOUR = Person("نور الحسن", "nour@bayt-al-hikma.example", 180)
TAMAR = Person("תמר לוי", "tamar@weizac.example", 120)
SOFIA = Person("Sofía Márquez", "sofia@quevedo.example", -180)
JUERGEN = Person("Jürgen Groß", "juergen@rechenwerk.example", 60)
NICHOLAS = Person("Jörg & Söhne Buchbinderei", "werkstatt@buchbinder.example", 60)

WELCOME = Person("tuimail", "hello@tuimail.example")
DEBIAN = Person("Debian Security", "security@debian.example")
GAZETTE = Person("The Analytical Gazette", "news@gazette.example")
CORNER = Person("The Corner Press Bookshop", "hello@cornerpress.example", 60)
MUSEUM = Person("Computing Museum", "visits@museum.example")
NIGHT_TRAIN = Person("Night Train Co.", "tickets@nighttrain.example", 60)
FORGE = Person("Code Forge", "notifications@forge.example")
LIBRARY = Person("City Library", "loans@library.example", 60)
CALENDAR = Person("Grace Hopper (calendar)", "calendar@navy.example", -300)
BACKUP = Person("backup@lovelace", "root@lovelace.example", 60)
TEA = Person("Leaf & Kettle", "letter@leafandkettle.example")
BANK = Person("First Analytical Bank", "statements@bank.example", 60)

COMPILERS = Person("compilers", "compilers@lists.example.org")
HISTORY = Person("Computing history", "history@lists.example.org")
CAFE = Person("Café des sciences", "cafe@listes.example.org", 60)
