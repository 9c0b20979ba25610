"""Search against notmuch and mu: building the index, its size, and queries, on the same mail.

    python -m benchmarks.search [--count 100000] [--growth]

The mail is a Maildir in memory-backed files: letters of 50 to 400 words with the frequencies of
a natural language (Zipf), so that common and rare words differ as they do in mail. tuimail reads
it as a Maildir account; the index is built by what the engine runs. Queries ask for the newest
hundred: in the app (rows and snippets ready to be drawn), and as a command of each program.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from benchmarks import corpus, figures
from tuimail.engine.finding.indexing import steps
from tuimail.engine.local.describe import describe
from tuimail.model import AccountName
from tuimail.paths import Paths
from tuimail.query.parser import parse
from tuimail.store import Store
from tuimail.wishes.finding import find

ROUNDS: Final = 7
STEP: Final = 200
ACCOUNT: Final = AccountName("bench")
_VOWELS: Final = ("a", "e", "i", "o", "u", "an", "er", "in", "al", "on")
_SYLLABLES: Final = [a + b for a in "bcdfghklmnprstvwz" for b in _VOWELS]


class Language:
    """Sixty thousand words, the commonest first."""

    def __init__(self) -> None:
        rng = random.Random(1)
        words = sorted({"".join(rng.choices(_SYLLABLES, k=rng.choice((1, 2, 2, 3, 3, 4)))) for _ in range(60_000)})
        rng.shuffle(words)
        self.words = words
        self._cumulated = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(words))))

    def text(self, count: int, rng: random.Random) -> list[str]:
        """So many words."""
        top, last = self._cumulated[-1], len(self.words) - 1
        return [self.words[min(last, bisect.bisect(self._cumulated, rng.random() * top))] for _ in range(count)]


def letter(number: int, language: Language) -> bytes:
    """Message `number`: a header as everybody's, a body of words."""
    rng = random.Random(number)
    sent = corpus.FIRST + timedelta(minutes=number * 2)
    words = language.text(rng.randint(50, 400), rng)
    body = "\r\n".join(" ".join(words[at : at + 12]) for at in range(0, len(words), 12))
    return (
        f"From: {rng.choice(corpus.PEOPLE)}\r\nTo: {rng.choice(corpus.PEOPLE)}\r\n"
        f"Subject: {' '.join(language.text(5, rng))}\r\nDate: {format_datetime(sent)}\r\n"
        f"Message-ID: <{number}@bench.example>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n{corpus.mark(number).replace('-', '')}\r\n"
    ).encode()


def write_mail(maildir: Path, count: int, language: Language) -> int:
    """Fill a Maildir; its octets."""
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    octets = 0
    for number in range(count):
        raw = letter(number, language)
        octets += len(raw)
        (maildir / "cur" / f"{1_600_000_000 + number}.M{number}P1.bench:2,S").write_bytes(raw)
    return octets


def queries(language: Language) -> dict[str, tuple[str, str, str]]:
    """What is looked for: as tuimail, notmuch and mu spell it."""
    common, usual, rare = language.words[3], language.words[400], language.words[20_000]
    pair = f'"{language.words[0]} {language.words[1]}"'
    return {
        "common word": (common, common, common),
        "usual word": (usual, usual, usual),
        "rare word": (rare, rare, rare),
        "phrase": (pair, pair, pair),
        "prefix": (f"{usual[:4]}*", f"{usual[:4]}*", f"{usual[:4]}*"),
        "field": ("from:grace", "from:grace", "from:grace"),
        "two words": (f"{common} {usual}", f"{common} {usual}", f"{common} {usual}"),
        "no hit": ("qqzzxx", "qqzzxx", "qqzzxx"),
    }


class Timed:
    """Seconds of the clock and of all processors."""

    def __init__(self, work: Callable[[], object]) -> None:
        before, cpu = time.perf_counter(), _cpu()
        work()
        self.seconds = time.perf_counter() - before
        self.cpu = _cpu() - cpu


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def size_of(directory: Path) -> int:
    """Octets of all files below."""
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


def run(argv: Sequence[str], environ: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """A program to its end; 1 and 4 only say that nothing was found."""
    done = subprocess.run(argv, env=environ, capture_output=True)
    assert done.returncode in (0, 1, 2, 4), (argv, done.stderr[-300:])
    return done


def of(work: Callable[[], object]) -> float:
    """The median of some rounds."""
    work()
    return statistics.median(Timed(work).seconds for _ in range(ROUNDS))


def environ_at(home: Path) -> dict[str, str]:
    """A home of its own."""
    home.mkdir(parents=True, exist_ok=True)
    return {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": str(home)}


def tuimail_store(home: Path, maildir: Path) -> Paths:
    """Mail as a Maildir account has it after its scan, nothing indexed."""
    paths = Paths.from_environment(environ_at(home))
    paths.make()
    paths.config_file.parent.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text(
        f'[accounts.bench]\naddress = "ada@example.org"\n[accounts.bench.receive]\nprotocol = "maildir"\n'
        f'path = "{maildir}"\n'
    )
    with Store.open(paths) as store:
        store.accounts.sync_names([(ACCOUNT, "ada@example.org", "maildir")])
        store.local.open_account(ACCOUNT, maildir)
        scan = Timed(lambda: store.local.scan(ACCOUNT, lambda raw: describe(raw, hold=False)))
    print(f"scan: {scan.seconds:.1f} s", file=sys.stderr)
    return paths


def index(paths: Paths) -> None:
    """What the engine does beside everything else, without its rests."""
    with Store.open(paths) as store:
        for _ in steps(store, STEP):
            pass


def compare(count: int, base: Path) -> None:
    """Everything against everybody."""
    language = Language()
    maildir = base / "Maildir"
    octets = write_mail(maildir, count, language)
    print(f"{count:,} messages, {octets / 1e6:.0f} MB; {figures.machine()}", file=sys.stderr)
    paths = tuimail_store(base / "t", maildir)
    ours = Timed(lambda: index(paths))
    environ_n, environ_m = environ_at(base / "n"), environ_at(base / "m")
    (base / "n" / ".notmuch-config").write_text(
        f"[database]\npath={maildir}\n[user]\nname=A\nprimary_email=a@example.org\n[new]\ntags=inbox\n"
    )
    notmuch = Timed(lambda: run(["notmuch", "new", "--quiet"], environ_n))
    run(["mu", "init", f"--maildir={maildir}", f"--muhome={base / 'm' / 'mu'}"], environ_m)
    mu = Timed(lambda: run(["mu", "index", "--quiet", f"--muhome={base / 'm' / 'mu'}"], environ_m))
    sizes = paths.search_db.stat().st_size, size_of(maildir / ".notmuch"), size_of(base / "m" / "mu")
    figures.table(f"Index of {count:,} messages ({octets / 1e6:.0f} MB)", ["", "tuimail", "notmuch", "mu"], [
        ["build, seconds of the clock", *(f"{each.seconds:.1f}" for each in (ours, notmuch, mu))],
        ["build, seconds of processors", *(f"{each.cpu:.1f}" for each in (ours, notmuch, mu))],
        ["messages a second", *(f"{count / each.seconds:,.0f}" for each in (ours, notmuch, mu))],
        ["octets a message", *(f"{size / count:,.0f}" for size in sizes)],
    ])
    ask(paths, language, environ_n, environ_m, base)


def ask(paths: Paths, language: Language, environ_n: dict[str, str], environ_m: dict[str, str], base: Path) -> None:
    """Queries, each as a command and ours in the app as well."""
    rows = []
    command = [sys.executable, "-m", "tuimail", "search", "--limit", "100"]
    environ_t = environ_at(base / "t") | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with Store.open(paths, write=False) as store:
        for name, (ours, theirs, mus) in queries(language).items():
            in_app = of(lambda ours=ours: find(store, ours, now=time.time()))  # type: ignore[misc]
            best = of(lambda ours=ours: find(store, ours, now=time.time(), best=True))  # type: ignore[misc]
            as_command = of(lambda ours=ours: run([*command, ours], environ_t))  # type: ignore[misc]
            notmuch = of(lambda theirs=theirs: run(  # type: ignore[misc]
                ["notmuch", "search", "--output=messages", "--limit=100", theirs], environ_n))
            mu = of(lambda mus=mus: run(  # type: ignore[misc]
                ["mu", "find", f"--muhome={base / 'm' / 'mu'}", "--maxnum=100", "--sortfield=date", "--reverse", mus],
                environ_m))
            rows.append([
                name, *(figures.seconds(each) for each in (in_app, best, as_command, notmuch, mu)),
                figures.ratio(in_app, notmuch), figures.ratio(in_app, mu),
            ])
    figures.table("Newest hundred", [
        "query", "tuimail, in the app", "best first", "tuimail search", "notmuch", "mu", "app : notmuch", "app : mu",
    ], rows)


def growth(base: Path, counts: Sequence[int]) -> None:
    """How index and queries grow, of tuimail alone."""
    language = Language()
    rows = []
    for count in counts:
        home = base / f"g{count}"
        write_mail(home / "Maildir", count, language)
        paths = tuimail_store(home / "t", home / "Maildir")
        built = Timed(lambda paths=paths: index(paths))  # type: ignore[misc]
        took = []
        with Store.open(paths, write=False) as store:
            for ours, _, _ in queries(language).values():
                tree = parse(ours, now=time.time()).tree
                assert tree is not None
                took.append(of(lambda tree=tree: store.search.find(tree)))  # type: ignore[misc]
        rows.append([
            f"{count:,}", f"{count / built.cpu:,.0f}", f"{paths.search_db.stat().st_size / count:,.0f}",
            f"{paths.mail_db.stat().st_size / count:,.0f}", *(figures.seconds(each) for each in took),
        ])
        shutil.rmtree(home)
    figures.table("Growth", ["messages", "indexed a second", "index, octets a message", "mail.db, octets a message",
                             *queries(language)], rows)  # fmt: skip


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="tms", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    try:
        if options.growth:
            growth(base, [1_000, 10_000, 100_000, 1_000_000][: len(str(options.count)) - 3])
        else:
            compare(options.count, base)
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
