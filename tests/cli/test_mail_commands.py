"""`mailboxes`, `list`, `flag`, `show`, `attachments`, `save` on a store whose server is away."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pexpect
import pytest

from tests.cli.conftest import HOSTILE, Home
from tuimail.actions import SetFlags
from tuimail.cli.mail import read_wishes
from tuimail.cli.output import fit, size_words
from tuimail.cli.parser import CLEAR
from tuimail.cli.showing import wrapped
from tuimail.errors import UsageError
from tuimail.mime.clean import cell_width
from tuimail.mime.reading.readable import to_json
from tuimail.model import EnvelopeId, Flag, Link, ReadableText, TextLine

Ids = Callable[[str], int]
ENVELOPE_KEYS = [
    "id", "account", "mailbox", "uid", "uidl", "message_id", "from", "to", "cc", "subject", "date", "size_octets",
    "flags", "has_attachments", "thread_id", "body",
]  # fmt: skip
RAW = b"From: a@b.c\r\nSubject: \x1b[31mred\r\nX-Odd: caf\xe9\r\n\r\nBody \x1b]0;x\x07\xff\r\n"


# --- mailboxes, list ------------------------------------------------------


def test_mailboxes_come_in_the_order_of_the_tree(seeded: Home) -> None:
    done = seeded.run("mailboxes")
    assert [line.split("  ")[0] for line in done.out.splitlines()] == [
        "MAILBOX", "INBOX", "Sent", "Lists/Café", "Lists/Empty",
    ]  # fmt: skip
    values = seeded.run("mailboxes", "--json").json()
    assert values[0] | {"id": 0} == {
        "id": 0, "account": "work", "name": "INBOX", "role": "inbox", "selectable": True, "subscribed": True,
        "total": 4, "unread": 3, "server_total": None, "server_unread": None, "synced_at": "2023-11-16T02:00:00Z",
        "complete": False, "error": "",
    }  # fmt: skip


def test_the_list_is_newest_first_and_aligned_by_cells(seeded: Home) -> None:
    lines = seeded.run("list").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["4", "3", "2", "1"]
    subjects = [line for line in lines[1:] if "会議" in line or "First" in line]
    starts = {cell_width(line[: line.index("会" if "会" in line else "First")]) for line in subjects}
    assert len(starts) == 1


def test_nothing_a_sender_chose_steers_the_terminal(seeded: Home, ids: Ids) -> None:
    number = ids("red")
    with seeded.store() as store:
        lines = (TextLine("plain \x1b[2J text"),)
        readable = ReadableText("plain", lines, (Link(1, "x", "https://e.example/\x1b[1m", "e.example"),))
        store.parts.put_text(EnvelopeId(number), "text", to_json(readable))
    for argv in (["list"], ["search", "red"], ["show", number], ["flag", number, "+seen"], ["mailboxes"]):
        out = seeded.run(*argv).out
        assert not [char for char in out if not char.isprintable() and char != "\n"], argv


def test_json_is_ascii_has_the_fixed_keys_and_the_exact_texts(seeded: Home) -> None:
    done = seeded.run("list", "--json", "--limit", 2)
    assert done.octets.isascii()
    first, second = done.json()
    assert list(first) == ENVELOPE_KEYS
    assert (first["account"], first["mailbox"], first["uid"], first["uidl"]) == ("work", "INBOX", 4, None)
    assert (first["flags"], first["has_attachments"], first["body"]) == (["$Later"], True, "absent")
    assert first["date"] == "2023-11-15T02:13:20Z"
    assert second["flags"] == ["flagged"]
    assert second["subject"].startswith(HOSTILE[:20])


@pytest.mark.parametrize("name", ["Sent", "sent", "SENT"])
def test_a_mailbox_goes_by_its_name_or_what_it_is_for(name: str, seeded: Home) -> None:
    assert [each["mailbox"] for each in seeded.run("list", "--mailbox", name, "--json").json()] == ["Sent"]


@pytest.mark.parametrize("name", ["Lists/Café", "lists/café", "Café"])
def test_a_mailbox_goes_by_the_end_of_its_name_too(name: str, seeded: Home) -> None:
    done = seeded.run("list", "--mailbox", name)
    assert (done.code, done.out) == (0, "")
    assert "Lists/Café is empty" in done.err


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["list", "--mailbox", "Snet"], "Did you mean Sent?"),
        (["list", "--account", "wrok"], "Did you mean work?"),
        (["mailboxes", "--account", "nobody"], "There is: work."),
    ],
)
def test_an_unknown_name_gets_the_nearest_ones(argv: list[str], hint: str, seeded: Home) -> None:
    done = seeded.run(*argv)
    assert done.code == 2
    assert hint in done.err


@pytest.mark.parametrize(
    "argv", [["show", "999"], ["attachments", "999"], ["save", "999", "1"], ["flag", "999", "+seen"]]
)
def test_an_unknown_id_is_one_sentence(argv: list[str], seeded: Home) -> None:
    done = seeded.run(*argv)
    assert done.code == 1
    assert done.err == "tuimail: There is no message 999.\n`tuimail list` prints the messages there are.\n"


@pytest.mark.pty
def test_on_a_terminal_lines_are_cut_to_its_width_and_unread_is_bold(seeded: Home) -> None:
    text, _ = pexpect.run(
        f"{sys.executable} -m tuimail list", env=seeded.environ, timeout=30, withexitstatus=True, dimensions=(24, 60)
    )
    lines = text.decode().splitlines()
    assert "\x1b[1mA listing\x1b[0m" in lines[1]
    plain, _ = pexpect.run(
        f"{sys.executable} -m tuimail list", env={**seeded.environ, "NO_COLOR": "1"}, timeout=30, withexitstatus=True,
        dimensions=(24, 60),
    )  # fmt: skip
    assert b"\x1b" not in plain
    assert max(cell_width(line) for line in plain.decode().splitlines()) <= 60


# --- flag ---------------------------------------------------------------------------


def test_a_flag_changes_here_at_once_and_waits_for_the_server(seeded: Home, ids: Ids) -> None:
    first, hostile = ids("First"), ids("red")
    done = seeded.run("flag", first, hostile, "+seen", "-flagged", "+$Todo")
    assert done.code == 0
    assert [line.split()[1:] for line in done.out.splitlines()] == [["seen", "$Todo"], ["seen", "$Todo"]]
    assert "next `tuimail sync`" in done.err
    with seeded.store() as store:
        waiting = [action for _, action in store.pending.all() if isinstance(action, SetFlags)]
        assert [(each.target.envelope_id, each.add, each.remove, each.add_keywords) for each in waiting] == [
            (first, Flag.SEEN, Flag.FLAGGED, ("$Todo",)),
            (hostile, Flag.SEEN, Flag.FLAGGED, ("$Todo",)),
        ]


def test_flag_json_shows_the_messages_as_they_are_now(seeded: Home, ids: Ids) -> None:
    (values,) = seeded.run("flag", ids("listing"), "-$Later", "+answered", "--json").json()
    assert values["flags"] == ["answered"]


def test_one_unknown_id_among_several_changes_nothing(seeded: Home, ids: Ids) -> None:
    assert seeded.run("flag", ids("First"), 999, "+seen").code == 1
    with seeded.store() as store:
        assert store.pending.all() == []


@pytest.mark.parametrize(
    "words",
    [
        ["17"], ["+seen"], ["17", "seen"], ["17", "+seen", CLEAR + "seen"], ["17", "+a b"], ["17", "+"],
        ["17", "+caf\xe9"], ["17", '+"x"'], ["17", "+x\r\nA1 LOGOUT"], ["17", "+" + "x" * 65], ["17", "+(x)"],
        ["17", "+k", CLEAR + "k"],
    ],
)  # fmt: skip
def test_wishes_that_make_no_sense_are_refused(words: list[str]) -> None:
    with pytest.raises(UsageError):
        read_wishes(words)


def test_wishes_are_read_in_any_order_with_backslashes_and_case() -> None:
    wishes = read_wishes(["+\\Seen", "3", CLEAR + "FLAGGED", "3", "4", "+$Work"])
    assert wishes == ((3, 4), Flag.SEEN, Flag.FLAGGED, ("$Work",), ())


# --- show ---------------------------------------------------------------------------


def test_a_cached_text_is_shown_without_any_server(seeded: Home, ids: Ids) -> None:
    number = ids("First")
    lines = (TextLine("Hello"), TextLine("quoted", quote_depth=2))
    link = Link(1, "x", "https://e.example/", "e.example")
    readable = ReadableText("plain", lines, (link,), ("One image was not loaded.",))
    with seeded.store() as store:
        store.parts.put_text(EnvelopeId(number), "text", to_json(readable))
    out = seeded.run("show", number).out
    assert "Subject: First things\n" in out
    assert "\nHello\n> > quoted\n\n[1] https://e.example/\n(One image was not loaded.)\n" in out
    assert seeded.run("show", number, "--text").out.startswith("Hello\n> > quoted\n")
    (values,) = seeded.run("show", number, "--json").json()
    assert list(values)[: len(ENVELOPE_KEYS)] == ENVELOPE_KEYS
    assert (values["text"], values["source"], values["attachments"]) == ("Hello\n> > quoted", "plain", [])
    assert values["links"] == [{"number": 1, "label": "x", "url": "https://e.example/"}]


def test_raw_is_the_message_octet_by_octet(seeded: Home, ids: Ids) -> None:
    number = ids("First")
    with seeded.store() as store:
        store.parts.put(EnvelopeId(number), "", RAW)
    assert seeded.run("show", number, "--raw").octets == RAW
    assert seeded.run("show", number, "--raw", "--json").json()[0]["raw"].encode("latin-1") == RAW
    assert seeded.run("show", number, "--headers").out.splitlines()[0] == "From: a@b.c"


@pytest.mark.pty
def test_raw_on_a_terminal_is_made_harmless(seeded: Home, ids: Ids) -> None:
    number = ids("First")
    with seeded.store() as store:
        store.parts.put(EnvelopeId(number), "", RAW)
    text, _ = pexpect.run(
        f"{sys.executable} -m tuimail show {number} --raw", env=seeded.environ, timeout=30, withexitstatus=True
    )
    assert b"\x1b" not in text
    assert b"\x07" not in text
    assert b"X-Odd" in text


def test_several_messages_of_which_one_is_gone(seeded: Home, ids: Ids) -> None:
    number = ids("First")
    with seeded.store() as store:
        store.parts.put_text(EnvelopeId(number), "text", to_json(ReadableText("plain", (TextLine("Hello"),))))
    done = seeded.run("show", 999, number)
    assert done.code == 1
    assert "There is no message 999" in done.err
    assert "Hello" in done.out


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("会議 会議 会議", 9, ["会議 会議", "会議"]),
        ("averyveryverylongword x", 5, ["averyveryverylongword", "x"]),
        ("", 5, [""]),
        ("  indented words here", 12, ["  indented", "words here"]),
    ],
)
def test_words_are_wrapped_by_cells(text: str, width: int, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


# --- attachments, save ----------------------------------------------------------------


def with_bytes(home: Home, number: int, data: bytes = b"%PDF-1.4 ...") -> None:
    with home.store() as store:
        store.parts.put(EnvelopeId(number), "2", data, real_type="application/pdf")


def test_attachments_show_a_harmless_name_and_what_is_here(seeded: Home, ids: Ids) -> None:
    number = ids("listing")
    (line,) = seeded.run("attachments", number).out.splitlines()[1:]
    assert "listing.pdf" in line
    assert "/" not in line.replace("application/pdf", "")
    assert "not downloaded" in line
    with_bytes(seeded, number)
    (values,) = seeded.run("attachments", number, "--json").json()
    assert (values["part"], values["filename"], values["real_type"]) == ("2", "listing.pdf", "application/pdf")
    assert (values["size_octets"], values["is_here"]) == (12, True)
    assert values["original_filename"].startswith("../../")
    nothing = seeded.run("attachments", ids("First"))
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "There are no attachments.\n")


def test_an_attachment_is_saved_private_and_under_a_harmless_name(seeded: Home, ids: Ids) -> None:
    number = ids("listing")
    with_bytes(seeded, number)
    folder = seeded.directory / "Downloads"
    folder.mkdir()
    done = seeded.run("save", number, "2", "--to", folder)
    assert done.code == 0
    file = folder / "listing.pdf"
    assert done.out.startswith(str(file))
    assert file.read_bytes() == b"%PDF-1.4 ..."
    assert file.stat().st_mode & 0o777 == 0o600


def test_saving_names_a_file_or_uses_the_current_directory(seeded: Home, ids: Ids) -> None:
    number = ids("listing")
    with_bytes(seeded, number)
    assert seeded.run("save", number, "2", "--to", seeded.directory / "own.pdf").code == 0
    assert (seeded.directory / "own.pdf").read_bytes() == b"%PDF-1.4 ..."
    assert seeded.run("save", number, "all").code == 0
    assert (seeded.directory / "listing.pdf").exists()


def test_a_part_is_named_alone_or_with_its_message(seeded: Home, ids: Ids) -> None:
    number = ids("listing")
    with_bytes(seeded, number)
    assert seeded.run("save", f"{number}:2").code == 0
    assert (seeded.directory / "listing.pdf").read_bytes() == b"%PDF-1.4 ..."
    none = seeded.run("save", number)
    assert (none.code, none.err.splitlines()[0]) == (2, f"tuimail: Which attachment of message {number}?")
    two = seeded.run("save", f"{number}:2", "3")
    assert (two.code, two.err.splitlines()[0]) == (2, f"tuimail: Two parts of message {number} are named.")
    assert seeded.run("save", f"{number}:x").code == 2


def test_saving_never_overwrites_unless_told_so(seeded: Home, ids: Ids) -> None:
    number = ids("listing")
    with_bytes(seeded, number)
    file = seeded.directory / "listing.pdf"
    file.write_text("mine")
    done = seeded.run("save", number, "2")
    assert done.code == 2
    assert "is there already" in done.err
    assert file.read_text() == "mine"
    assert seeded.run("save", number, "2", "--overwrite").code == 0
    assert file.read_bytes() == b"%PDF-1.4 ..."


def test_saving_does_not_follow_a_link_that_lies_there(seeded: Home, ids: Ids) -> None:
    number = ids("listing")
    with_bytes(seeded, number)
    victim = seeded.directory / "victim"
    (seeded.directory / "listing.pdf").symlink_to(victim)
    assert seeded.run("save", number, "2").code == 2
    assert not victim.exists()


@pytest.mark.parametrize(
    ("part", "to", "sentence"),
    [("9", ".", "has no attachment 9"), ("2", "no/x.pdf", "is not a directory"), ("2", "no/", "is not a directory")],
)
def test_a_part_or_place_that_does_not_exist_is_one_sentence(
    part: str, to: str, sentence: str, seeded: Home, ids: Ids
) -> None:
    done = seeded.run("save", ids("listing"), part, "--to", to)
    assert done.code == 2
    assert sentence in done.err


def test_what_is_not_here_is_told_when_the_server_is_away(seeded: Home, ids: Ids) -> None:
    for argv in (["show", ids("First")], ["save", ids("listing"), "2"]):
        done = seeded.run(*argv)
        assert done.code == 1
        assert done.octets == b""
        assert "Traceback" not in done.err
        assert len(done.err.splitlines()) <= 3
    assert not (seeded.directory / "listing.pdf").exists()


@pytest.mark.parametrize(
    ("octets", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (84_300, "84 kB"), (999_499, "999 kB"),
     (999_500, "1.0 MB"), (5 * 10**9, "5.0 GB"), (10**15, "1000 TB")],
)  # fmt: skip
def test_sizes_are_decimal_and_short(octets: int, words: str) -> None:
    assert size_words(octets) == words


@pytest.mark.parametrize(
    ("text", "width", "cut"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("会議室", 4, "会…"), ("ab", 0, "")]
)
def test_texts_are_cut_by_cells(text: str, width: int, cut: str) -> None:
    assert fit(text, width) == cut


def test_a_mailbox_can_be_named_with_its_account_before_it(seeded: Home) -> None:
    first = seeded.run("mailboxes", "--json").json()[0]
    whole = f"{first['account']}/{first['name']}"
    assert seeded.run("list", "--mailbox", whole, "--json").json() == seeded.run(
        "list", "--mailbox", first["name"], "--json"
    ).json() != []
    assert seeded.run("list", "--mailbox", f"nobody/{first['name']}").code == 2
    assert seeded.run("list", "--mailbox", f"{first['account']}/").code == 2
