"""Body structures as servers send them, and the same trees from the bytes of the messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuimail.mime.parts.parse import (
    NO_BOUNDARY,
    TOO_DEEP,
    TOO_MANY_PARTS,
    header_block,
    parse_message,
    part_bytes,
)
from tuimail.mime.parts.structure import (
    MAX_DEPTH,
    MAX_PARTS,
    attachments,
    estimate_decoded,
    has_attachments,
    parse_bodystructure,
    text_parts,
)
from tuimail.model import Part, Section

CORPUS = Path(__file__).parent.parent / "corpus"
SAID_BY_DOVECOT = sorted(CORPUS.glob("*.bodystructure"))
"""What Dovecot 2.3.19 answered for the .eml beside it."""

PLAIN = b'("text" "plain" NIL NIL NIL "7bit" 1 1)'


def tree(raw: bytes) -> Part:
    part = parse_bodystructure(raw)
    assert part is not None
    return part


def outline(root: Part) -> list[tuple[object, ...]]:
    """What the two ways to a tree must agree on."""
    return [
        (part.section, part.content_type, part.encoding or "7bit", part.disposition, part.filename, part.content_id,
         part.format_flowed, part.del_sp, 0 if part.children else part.size_octets)
        for part in root.walk()
    ]  # fmt: skip


@pytest.mark.parametrize("file", SAID_BY_DOVECOT, ids=lambda file: file.stem)
def test_the_tree_from_the_bytes_is_the_one_that_a_server_tells(file: Path) -> None:
    message = parse_message(file.with_suffix(".eml").read_bytes())
    assert outline(message.root) == outline(tree(file.read_bytes()))


def test_there_is_a_corpus_to_compare() -> None:
    assert len(SAID_BY_DOVECOT) >= 10


# --- BODYSTRUCTURE ----------------------------------------------------------------


def test_sections_are_numbered_as_imap_does() -> None:
    root = tree((CORPUS / "forwarded.bodystructure").read_bytes())
    assert [(part.section, part.content_type) for part in root.walk()] == [
        ("", "multipart/mixed"),
        ("1", "text/plain"),
        ("2", "message/rfc822"),
        ("2.TEXT", "multipart/mixed"),
        ("2.1", "text/plain"),
        ("2.2", "message/rfc822"),
        ("2.2.1", "text/plain"),
    ]
    assert tree(PLAIN).section == "1"


def test_literals_continuations_and_encoded_words_are_decoded() -> None:
    root = tree(
        b'(("image" "png" ("name" {7}\r\na"b)c d) "<i@x>" NIL "BASE64" 78 NIL'
        b' ("INLINE" ("filename*0*" "utf-8\'en\'%e2%82%ac" "filename*1" " and" "FILENAME*2*" "%21.png")) NIL NIL)'
        b'("application" "pdf" ("name" "=?iso-8859-1?q?=DCbersicht.pdf?=") NIL NIL "base64" 4 NIL NIL NIL NIL)'
        b'("application" "pdf" ("name" {7}\r\na"b)c d) NIL NIL "base64" 4 NIL NIL NIL NIL) "mixed")'
    )
    assert [part.filename for part in root.children] == ["€ and!.png", "Übersicht.pdf", 'a"b)c d']
    assert root.children[0].content_id == "<i@x>"


@pytest.mark.parametrize(
    ("raw", "types"),
    [
        (b'("TEXT" "PLAIN")', ["text/plain"]),
        (b'("text" "plain" NIL NIL NIL NIL NIL NIL)', ["text/plain"]),
        (b'(NIL NIL "mixed")', []),
        (b'(NIL "mixed")', ["multipart/mixed"]),
        (b'("text" NIL NIL NIL NIL "7bit" 3 1)', ["text/plain"]),
        (b'("text" "plain" "charset" NIL NIL "7bit" 3 -1 NIL "inline" NIL)', ["text/plain"]),
        (b'("text" "plain" ("charset") NIL NIL "7bit" NIL NIL NIL ("attachment") NIL)', ["text/plain"]),
        (b'("message" "rfc822" NIL NIL NIL "7bit" 10)', ["message/rfc822"]),
        (b'("message" "rfc822" NIL NIL NIL "7bit" 10 NIL NIL 0)', ["message/rfc822"]),
        (b"((" + PLAIN + b'"mixed"))', ["multipart/mixed", "text/plain"]),
        (PLAIN[:-1], ["text/plain"]),
        (b"(" + PLAIN + b'() "mixed" NIL)', ["multipart/mixed", "text/plain"]),
    ],
)
def test_quirks_of_servers_still_give_a_tree(raw: bytes, types: list[str]) -> None:
    root = parse_bodystructure(raw)
    assert [part.content_type for part in root.walk()] == types if root else types == []


def test_a_disposition_as_a_string_and_an_unknown_one_count() -> None:
    assert tree(b'("text" "plain" NIL NIL NIL "7bit" 3 1 NIL "attachment" NIL)').disposition == "attachment"
    assert tree(b'("text" "plain" NIL NIL NIL "7bit" 3 1 NIL ("weird" NIL) NIL)').disposition == "attachment"


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_structure_or_none(octets: bytes) -> None:
    for raw in (octets, b"(" + octets, b'("text" "plain" (' + octets + b") NIL)", b"((" + octets + b') "mixed")'):
        root = parse_bodystructure(raw)
        has_attachments(raw)
        if root is not None:
            text_parts(root)
            attachments(root)


_atoms = st.sampled_from([b"NIL", b'"text"', b'"plain"', b'"inline"', b"7", b"{2}\r\nab", b'"a\\"b"', b'"mixed"'])
_lists = st.recursive(_atoms, lambda inner: st.lists(inner, max_size=8).map(lambda x: b"(" + b" ".join(x) + b")"))


@given(_lists)
@settings(max_examples=200, deadline=None)
def test_any_lists_are_a_structure_or_none(raw: bytes) -> None:
    root = parse_bodystructure(raw)
    if root is not None:
        assert len({part.section for part in root.walk()}) == len(root.walk())


@pytest.mark.parametrize("depth", [500, 5_000, 1_000_000])
def test_nesting_without_end_does_not_recurse(depth: int) -> None:
    root = parse_bodystructure(b"(" * depth)
    assert root is None or len(root.walk()) <= MAX_DEPTH + 1
    nested = b"(" * depth + PLAIN + b' "mixed")' * depth
    root = parse_bodystructure(nested)
    assert root is None or len(root.walk()) <= MAX_DEPTH + 1


@pytest.mark.parametrize(("depth", "leaves"), [(MAX_DEPTH - 1, 1), (MAX_DEPTH, 1), (MAX_DEPTH + 1, 0)])
def test_fifty_levels_are_taken_apart(depth: int, leaves: int) -> None:
    root = tree(b"(" * depth + PLAIN + b' "mixed")' * depth)
    assert sum(part.content_type == "text/plain" for part in root.walk()) == leaves


@pytest.mark.parametrize(("count", "shown"), [(998, 999), (999, 1000), (1000, 1000)])
def test_a_thousand_parts_are_taken_apart(count: int, shown: int) -> None:
    assert len(tree(b"(" + PLAIN * count + b' "mixed")').walk()) == shown


def test_hostile_structures_end() -> None:
    quotes = b'"' * 200_001 + b"\\"
    for raw in (b'("' * 200_000, b'\\"' * 200_000, quotes, b"{9999999999}\r\n", b"(" + b"{1}\r\n" * 50_000):
        parse_bodystructure(raw)
        has_attachments(raw)


# --- what is text, what is attached -------------------------------------------------


def corpus_tree(name: str) -> Part:
    return parse_message((CORPUS / f"{name}.eml").read_bytes()).root


def sections(parts: tuple[Part, ...]) -> list[str]:
    return [part.section for part in parts]


def test_a_telling_is_the_whole_reading_with_the_footer_of_the_list() -> None:
    choice = text_parts(corpus_tree("nested"))
    assert sections(choice.plain) == ["1.1.1", "3"]
    assert sections(choice.html) == ["1.1.2", "3"]
    assert sections(attachments(corpus_tree("nested"))) == ["1.2", "2"]


def test_a_message_with_one_telling_has_one() -> None:
    assert sections(text_parts(corpus_tree("plain")).plain) == ["1"]
    assert text_parts(corpus_tree("plain")).html == ()
    only_html = tree(b'("text" "html" NIL NIL NIL "7bit" 1 1)')
    assert text_parts(only_html).plain == ()
    assert sections(text_parts(only_html).html) == ["1"]


def test_an_invitation_opens_the_text_and_can_be_saved() -> None:
    choice = text_parts(corpus_tree("invitation"))
    assert sections(choice.plain) == ["2", "1"]
    assert sections(choice.calendar) == ["2"]
    assert sections(attachments(corpus_tree("invitation"))) == ["2"]


def test_a_signature_is_no_attachment_and_a_forwarded_message_is_one() -> None:
    assert attachments(corpus_tree("signed")) == ()
    assert sections(text_parts(corpus_tree("signed")).plain) == ["1"]
    assert sections(attachments(corpus_tree("forwarded"))) == ["2"]
    assert sections(text_parts(corpus_tree("forwarded")).plain) == ["1"]


def test_an_attached_text_is_not_read_and_a_lone_pdf_leaves_nothing_to_read() -> None:
    root = tree(b"(" + PLAIN + b'("text" "plain" ("name" "a.txt") NIL NIL "7bit" 1 1 NIL ("attachment" NIL)) "mixed")')
    assert sections(text_parts(root).plain) == ["1"]
    assert sections(attachments(root)) == ["2"]
    scan = corpus_tree("single-attachment")
    assert text_parts(scan).plain == text_parts(scan).html == ()
    assert attachments(scan)[0].filename == "Übersicht.pdf"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("plain", False), ("alternative", False), ("nested", True), ("forwarded", True), ("signed", False),
     ("single-attachment", True), ("digest", True), ("unclosed", True), ("no-mime", False)],
)  # fmt: skip
def test_the_mark_of_a_list_agrees_with_what_is_attached(name: str, expected: bool) -> None:
    raw = (CORPUS / f"{name}.bodystructure").read_bytes()
    assert has_attachments(raw) is expected
    if expected:
        assert attachments(tree(raw))


def test_an_inline_image_alone_does_not_mark_a_message() -> None:
    image = b'("image" "png" NIL "<a@b>" NIL "base64" 1 NIL ("inline" NIL) NIL)'
    assert not has_attachments(b'(("text" "html" NIL NIL NIL "7bit" 1 1)' + image + b' "related")')
    assert has_attachments(b"(" + PLAIN + b'("image" "png" NIL NIL NIL "base64" 1 NIL NIL NIL) "mixed")')


def test_a_decoded_size_is_estimated() -> None:
    assert estimate_decoded(tree(b'("a" "b" NIL NIL NIL "base64" 7800)')) == 5700
    assert estimate_decoded(tree(b'("a" "b" NIL NIL NIL "8bit" 7800)')) == 7800


# --- whole messages ---------------------------------------------------------------


def test_part_bytes_are_slices_of_the_message_decoded() -> None:
    raw = (CORPUS / "alternative.eml").read_bytes()
    root = parse_message(raw).root
    assert part_bytes(raw, root, Section("1")) == b"Caf\xe9 continues"
    assert part_bytes(raw, root, Section("2")) == "<p>Café</p>".encode()
    assert part_bytes(raw, root, Section("")) == raw
    assert part_bytes(raw, root, Section("7")) == b""
    nested = (CORPUS / "forwarded.eml").read_bytes()
    assert part_bytes(nested, parse_message(nested).root, Section("2")).startswith(b"From: inner@example.org")
    assert part_bytes(nested, parse_message(nested).root, Section("2.2.1")) == b"the end\r\n"


def test_the_summary_and_the_header_of_a_whole_message_are_read() -> None:
    message = parse_message((CORPUS / "alternative.eml").read_bytes())
    assert message.summary.subject == "Réunion décalée"
    assert message.summary.sender_name == "Zürich, News"
    assert header_block(b"A: b\r\n\r\nbody") == b"A: b\r\n"
    assert header_block(b"\r\nbody") == b""


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_a_message(octets: bytes) -> None:
    head = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
    for raw in (octets, head + octets, head + octets + b"\r\n--b\r\n\r\n--b--" + octets):
        message = parse_message(raw)
        for part in message.root.walk():
            part_bytes(raw, message.root, part.section)


_lines = st.sampled_from(
    [b"--b", b"--b--", b"--c", b"--c--", b"", b"text", b'Content-Type: multipart/mixed; boundary="c"',
     b"Content-Type: message/rfc822", b"Content-Type: multipart/digest; boundary=b", b"Subject: x"]
)  # fmt: skip


@given(st.lists(_lines, max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_order_of_boundaries_gives_slices_that_lie_inside_each_other(lines: list[bytes]) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n" + b"\n".join(lines)
    message = parse_message(raw)
    for part in message.root.walk():
        start, end = message.spans[part.section]
        assert 0 <= start <= end <= len(raw)
        for child in part.children:
            assert start <= message.spans[child.section][0]
            assert message.spans[child.section][1] <= end


def test_bombs_are_bounded_and_say_so() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000))
    assert TOO_DEEP in parse_message(deep).defects
    assert len(parse_message(deep).root.walk()) <= MAX_DEPTH + 1
    letters = b"Content-Type: message/rfc822\n\n" * 1000 + b"Subject: x\n\nend"
    assert TOO_DEEP in parse_message(letters).defects
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000
    assert TOO_MANY_PARTS in parse_message(many).defects
    assert len(parse_message(many).root.walk()) == MAX_PARTS
    parse_message(b"Content-Type: text/plain" + b"; a=b" * 16_000 + b"\n\nx")
    parse_message(b"X: y\n" * 100_000 + b"\nbody")


def test_the_body_after_a_hundred_thousand_headers_is_still_there() -> None:
    raw = b"X: y\n" * 100_000 + b"\nbody"
    assert part_bytes(raw, parse_message(raw).root, Section("1")) == b"body"


def test_a_multipart_without_parts_is_shown_as_text() -> None:
    raw = b"From: a@b\nContent-Type: multipart/mixed; boundary=zzz\n\nno boundary anywhere\n"
    message = parse_message(raw)
    assert NO_BOUNDARY in message.defects
    assert (message.root.section, message.root.content_type) == ("1", "text/plain")
    assert part_bytes(raw, message.root, Section("1")) == b"no boundary anywhere\n"


@pytest.mark.parametrize("before", [100, 8 * 1024 - 20, 8 * 1024, 20_000])
def test_no_header_reaches_beyond_the_next_boundary(before: int) -> None:
    head = b"Content-Type: multipart/mixed; boundary=e\r\n\r\n--e\r\n"
    first = b"Content-Type: text/html\r\nX-Long: " + b"x" * before + b"\r\n"
    raw = head + first + b"--e\r\nContent-Type: text/css\r\n\r\nbody\r\n--e--\r\n"
    parsed = parse_message(raw)
    assert [part.content_type for part in parsed.root.children] == ["text/html", "text/css"]
    start, end = parsed.spans[Section("1")]
    assert raw[start:end] == b""
    start, end = parsed.spans[Section("2")]
    assert raw[start:end] == b"body"
