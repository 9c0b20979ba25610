"""Beginning to write: what stands in a draft, what must be fetched first, and what never leaves quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.store.making import WORK
from tests.wishes.house import AT, LETTER, WITH_FILE, arrive, configuration, deliver, fetch
from tuimail.errors import QuarantineRefused, UsageError, Vanished
from tuimail.mime.decoding.headers import header_lines
from tuimail.mime.parts.parse import header_block
from tuimail.mime.writing.compose import build_draft
from tuimail.mime.writing.typed import entries
from tuimail.model import Draft, DraftId, EnvelopeId, Section
from tuimail.store import Store
from tuimail.wishes import sending, writing
from tuimail.wishes.sources import HEADER, TEXT, WHOLE, Wanted

CONFIG = configuration()


def read(store: Store, draft_id: DraftId) -> Draft:
    draft = store.drafts.get(draft_id)
    assert draft is not None
    return draft


def arrived(store: Store, raw: bytes = LETTER, *sections: str) -> EnvelopeId:
    envelope_id = arrive(store, raw)
    fetch(store, envelope_id, raw, *(sections or ("text", "HEADER")))
    return envelope_id


# --- new ------------------------------------------------------------------------------


def test_a_new_draft_has_the_first_identity_and_its_signature(store: Store) -> None:
    draft = read(store, writing.new_draft(store, CONFIG, at=AT))
    assert draft.account == WORK
    assert draft.from_ == "Ada Byron <ada@example.org>"
    assert draft.body == "\n\n-- \nAda\n"
    assert draft.message_id.endswith("@example.org>")
    assert draft.answers is None


def test_a_mailto_link_begins_a_draft(store: Store) -> None:
    link = "mailto:a@x.org?cc=b@x.org&bcc=c@x.org&subject=Hi&body=One%0ATwo&attach=/etc/passwd"
    draft = read(store, writing.new_draft(store, CONFIG, mailto=link, at=AT))
    assert (draft.to, draft.cc, draft.bcc, draft.subject) == ("a@x.org", "b@x.org", "c@x.org", "Hi")
    assert draft.body == "One\nTwo\n\n-- \nAda\n"
    assert draft.files == ()


def test_two_drafts_never_have_the_same_message_id(store: Store) -> None:
    drafts = [read(store, writing.new_draft(store, CONFIG, at=AT)) for _ in range(2)]
    assert drafts[0].message_id != drafts[1].message_id


def test_without_an_account_there_is_nothing_to_write_with(store: Store) -> None:
    with pytest.raises(UsageError, match="no account"):
        writing.new_draft(store, replace(CONFIG, accounts={}), at=AT)


# --- replies --------------------------------------------------------------------------


def test_a_reply_quotes_what_was_shown_and_belongs_to_the_thread(store: Store) -> None:
    envelope_id = arrived(store)
    draft = read(store, writing.reply(store, CONFIG, envelope_id, at=AT))
    assert draft.to == "Grace Hopper <grace@navy.example>"
    assert draft.cc == ""
    assert draft.subject == "Re: Compiler"
    assert draft.body == (
        "On Sat, 14 November 2026 at 09:05, Grace Hopper wrote:\n> Shall we?\n> > Before.\n\n-- \nAda\n"
    )
    assert draft.in_reply_to == "<2@navy.example>"
    assert draft.references == "<1@navy.example> <2@navy.example>"
    assert (draft.answers, draft.answer_flag) == (envelope_id, "\\Answered")


def test_a_reply_to_all_is_never_to_oneself(store: Store) -> None:
    draft = read(store, writing.reply(store, CONFIG, arrived(store), "all", at=AT))
    assert draft.to == "Grace Hopper <grace@navy.example>, alan@park.example"
    assert draft.cc == "emile@paris.example"


def test_a_reply_to_the_list_needs_its_header(store: Store) -> None:
    raw = b"List-Post: <mailto:c@lists.example>\r\nDelivered-To: x@byron.example\r\n" + LETTER.replace(
        b"Ada <ada@example.org>, ", b""
    )
    draft = read(store, writing.reply(store, CONFIG, arrived(store, raw), "list", at=AT))
    assert draft.to == "c@lists.example"
    assert draft.from_ == "Ada Byron <x@byron.example>"


def test_a_reply_comes_from_the_address_that_was_written_to_with_its_signature(store: Store) -> None:
    raw = LETTER.replace(b"ada@example.org", b"countess+lab@example.net")
    draft = read(store, writing.reply(store, CONFIG, arrived(store, raw), at=AT))
    assert draft.from_ == "Lovelace <countess+lab@example.net>"
    assert draft.body.endswith("\n\n-- \nThe Countess\n")


def test_only_what_was_selected_is_quoted(store: Store) -> None:
    draft = read(store, writing.reply(store, CONFIG, arrived(store), "reply", "Shall", at=AT))
    assert "> Shall\n\n-- " in draft.body


def test_what_is_missing_is_named_and_an_answer_can_make_do_without(store: Store) -> None:
    envelope_id = arrive(store, LETTER)
    with pytest.raises(Wanted) as missing:
        writing.reply(store, CONFIG, envelope_id, at=AT)
    assert missing.value.sections == (TEXT, HEADER)
    assert missing.value.envelope_id == envelope_id
    assert store.drafts.all() == []
    fetch(store, envelope_id, LETTER, "text")
    with pytest.raises(Wanted) as missing:
        writing.reply(store, CONFIG, envelope_id, at=AT)
    assert missing.value.sections == (HEADER,)
    draft = read(store, writing.reply(store, CONFIG, envelope_id, at=AT, make_do=True))
    assert "> Shall we?" in draft.body
    assert draft.to == "Grace Hopper <grace@navy.example>"


def test_mail_of_an_account_that_cannot_send_is_answered_from_one_that_can(store: Store) -> None:
    draft = read(store, writing.reply(store, CONFIG, deliver(store, LETTER), at=AT))
    assert draft.account == WORK
    assert draft.from_ == "Ada Byron <ada@example.org>"


def test_a_message_that_is_gone_is_told(store: Store) -> None:
    arrive(store, LETTER)
    for begin in (writing.reply, writing.forward, writing.edit_as_new, writing.open_draft):
        with pytest.raises(Vanished):
            begin(store, CONFIG, EnvelopeId(99), at=AT)


def test_an_answer_is_sent_though_its_original_was_deleted_meanwhile(store: Store) -> None:
    envelope_id = arrived(store)
    draft_id = writing.reply(store, CONFIG, envelope_id, at=AT)
    inbox = store.mailboxes.find(WORK, "INBOX")
    assert inbox is not None
    assert store.envelopes.vanish(inbox.id, [1]) == 1
    outbox_id = sending.post(store, CONFIG, draft_id, at=AT)
    item = store.outbox.get(outbox_id)
    assert item is not None
    assert item.recipients == ("grace@navy.example",)


def test_whom_one_writes_to_is_remembered(store: Store) -> None:
    sending.post(store, CONFIG, writing.reply(store, CONFIG, arrived(store), "all", at=AT), at=AT)
    assert [each.address for each in store.people.complete("grace")] == ["grace@navy.example"]
    assert [each.written for each in store.people.complete("emi")] == [1]


# --- forwards ---------------------------------------------------------------------------


def test_a_message_is_forwarded_with_its_text_and_files(store: Store) -> None:
    envelope_id = arrived(store, WITH_FILE, "text", "HEADER", "2")
    draft = read(store, writing.forward(store, CONFIG, envelope_id, at=AT))
    assert draft.subject == "Fwd: Listing"
    assert "From: grace@navy.example\n" in draft.body
    assert "Attached: list.pdf\n" in draft.body
    assert draft.body.startswith("\n\n---------- Forwarded message")
    assert draft.body.endswith("\nHere.\n\n-- \nAda\n")
    assert [(file.filename, file.content_type) for file in draft.files] == [("list.pdf", "application/pdf")]
    assert store.drafts.read(draft.id, draft.files[0].number) == b"%PDF-1.4"
    assert (draft.to, draft.answer_flag) == ("", "$Forwarded")


def test_files_that_are_not_here_are_named_or_left_out_with_a_word(store: Store) -> None:
    envelope_id = arrived(store, WITH_FILE)
    with pytest.raises(Wanted) as missing:
        writing.forward(store, CONFIG, envelope_id, at=AT)
    assert missing.value.sections == (Section("2"),)
    draft = read(store, writing.forward(store, CONFIG, envelope_id, at=AT, make_do=True))
    assert "[list.pdf was left out. It is not here.]" in draft.body
    assert draft.files == ()


def test_the_whole_message_serves_for_its_parts(store: Store) -> None:
    envelope_id = arrived(store, WITH_FILE, "text", "")
    draft = read(store, writing.forward(store, CONFIG, envelope_id, at=AT))
    assert [file.size_octets for file in draft.files] == [8]


def test_a_held_attachment_is_not_forwarded_until_it_is_released(store: Store) -> None:
    envelope_id = deliver(store, WITH_FILE)
    draft = read(store, writing.forward(store, CONFIG, envelope_id, at=AT))
    assert draft.files == ()
    assert "[list.pdf was left out. This attachment is held in quarantine.]" in draft.body
    for begin in (
        lambda: writing.forward(store, CONFIG, envelope_id, "attached", at=AT),
        lambda: writing.edit_as_new(store, CONFIG, envelope_id, at=AT),
        lambda: writing.open_draft(store, CONFIG, envelope_id, at=AT),
        lambda: writing.bounce(store, CONFIG, envelope_id),
    ):
        with pytest.raises(QuarantineRefused):
            begin()
    store.quarantine.release(envelope_id, Section("2"), at=AT)
    assert len(read(store, writing.forward(store, CONFIG, envelope_id, at=AT)).files) == 1
    assert len(read(store, writing.forward(store, CONFIG, envelope_id, "attached", at=AT)).files) == 1


def test_on_a_server_nothing_unseen_leaves_an_account_that_holds_attachments(store: Store) -> None:
    envelope_id = arrived(store, WITH_FILE, "text", "HEADER", "")
    guarded = configuration(guarded=True)
    with pytest.raises(QuarantineRefused):
        writing.forward(store, guarded, envelope_id, "attached", at=AT)
    draft = read(store, writing.forward(store, guarded, envelope_id, at=AT))
    assert draft.files == ()
    assert "not looked at yet" in draft.body


def test_a_message_is_forwarded_whole_as_a_file(store: Store) -> None:
    envelope_id = arrive(store, LETTER)
    with pytest.raises(Wanted) as missing:
        writing.forward(store, CONFIG, envelope_id, "attached", at=AT)
    assert missing.value.sections == (WHOLE,)
    fetch(store, envelope_id, LETTER, "")
    draft = read(store, writing.forward(store, CONFIG, envelope_id, "attached", at=AT))
    assert [(file.filename, file.content_type) for file in draft.files] == [("Compiler.eml", "message/rfc822")]
    assert store.drafts.read(draft.id, 1) == LETTER


def test_files_of_another_message_are_attached(store: Store) -> None:
    draft_id = writing.new_draft(store, CONFIG, at=AT)
    files, refused = writing.attach_files_of(store, CONFIG, draft_id, deliver(store, WITH_FILE), at=AT)
    assert files == []
    assert "held in quarantine" in refused[0]
    envelope_id = arrived(store, WITH_FILE, "2")
    files, refused = writing.attach_files_of(store, CONFIG, draft_id, envelope_id, at=AT)
    assert [file.filename for file in files] == ["list.pdf"]
    assert refused == []


# --- bounce -------------------------------------------------------------------------------


def test_a_bounced_message_keeps_its_octets_under_who_passed_it_on(store: Store) -> None:
    envelope_id = arrived(store, LETTER, "", "HEADER")
    outbox_id = writing.send_bounce(
        store, writing.bounce(store, CONFIG, envelope_id), "Alan <alan@park.example>, x@y.org", at=AT
    )
    item = store.outbox.get(outbox_id)
    raw = store.outbox.raw(outbox_id)
    assert item is not None
    assert item.recipients == ("alan@park.example", "x@y.org")
    assert item.sender == "ada@example.org"
    assert raw.endswith(LETTER)
    names = [name for name, _ in header_lines(header_block(raw))][:5]
    assert names == ["Resent-From", "Resent-To", "Resent-Date", "Resent-Message-ID", "From"]


@pytest.mark.parametrize("to", ["", "nobody", "a@x.org, b@@"])
def test_a_message_is_bounced_to_addresses_only(store: Store, to: str) -> None:
    bounced = writing.bounce(store, CONFIG, arrived(store, LETTER, ""))
    with pytest.raises(UsageError):
        writing.send_bounce(store, bounced, to, at=AT)
    assert store.outbox.all() == []


def test_blind_copies_are_not_passed_on(store: Store) -> None:
    raw = b"Bcc: secret@x.org\r\n" + LETTER
    bounced = writing.bounce(store, CONFIG, arrived(store, raw, ""))
    assert b"secret" not in store.outbox.raw(writing.send_bounce(store, bounced, "a@x.org", at=AT))


# --- again --------------------------------------------------------------------------------


def test_a_message_is_written_anew_with_its_files_and_no_ties(store: Store) -> None:
    envelope_id = arrived(store, WITH_FILE, "")
    draft = read(store, writing.edit_as_new(store, CONFIG, envelope_id, at=AT))
    assert (draft.to, draft.subject, draft.body) == ("ada@example.org", "Listing", "Here.\n")
    assert [file.filename for file in draft.files] == ["list.pdf"]
    assert draft.message_id != "<3@navy.example>"
    assert (draft.in_reply_to, draft.references, draft.answers) == ("", "", None)


def test_a_draft_that_was_kept_on_the_server_opens_as_it_was(store: Store) -> None:
    first = read(store, writing.reply(store, CONFIG, arrived(store), "all", at=AT))
    first = replace(
        first, bcc="secret@x.org",
        body="Dear Grace,\n\n" + "word " * 40 + "end\n> quoted\n> > twice\n From\n\n-- \nAda\n",
        subject="Grüße", reply_to="reply@example.org",
    )  # fmt: skip
    store.drafts.save(first, at=AT)
    store.drafts.attach(first.id, "ü.pdf", "application/pdf", [b"%PDF"], at=AT)
    first = read(store, first.id)
    raw = build_draft(sending.outgoing_of(CONFIG, first), sending.enclosed_of(store, first), now=datetime.now(UTC))
    store.drafts.discard(first.id, at=AT)
    copy = arrive(store, raw, uid=7)
    fetch(store, copy, raw, "")
    again = read(store, writing.open_draft(store, CONFIG, copy, at=AT))
    for name in ("from_", "to", "cc", "bcc", "subject", "body", "reply_to", "in_reply_to", "references", "message_id"):
        assert getattr(again, name) == getattr(first, name), name
    assert [(each.filename, each.sha256) for each in again.files] == [("ü.pdf", first.files[0].sha256)]
    assert store.drafts.server_copy(again.id)[0] == copy


def test_a_draft_that_is_here_already_is_not_made_twice(store: Store) -> None:
    draft_id = writing.new_draft(store, CONFIG, at=AT)
    raw = build_draft(sending.outgoing_of(CONFIG, read(store, draft_id)), now=datetime.now(UTC))
    assert writing.open_draft(store, CONFIG, arrive(store, raw), at=AT) == draft_id


def test_a_draft_of_html_alone_opens_as_its_text(store: Store) -> None:
    head = b"From: ada@example.org\r\nContent-Type: text/html\r\n\r\n"
    raw = head + b"<p>One <b>two</b></p><p>\x1b]0;x\x07</p>"
    draft = read(store, writing.open_draft(store, CONFIG, arrived(store, raw, ""), at=AT))
    assert draft.body.startswith("One two\n")
    assert "\x1b" not in draft.body


def test_what_is_kept_of_subjects_and_people_can_be_shown(store: Store) -> None:
    raw = LETTER.replace(b"Grace Hopper", b'"=?utf-8?q?Gr=1B]0;x=07ace=0D=0ABcc:_e?="').replace(
        b"Compiler", b"a\x1b[31mb"
    )
    draft = read(store, writing.reply(store, CONFIG, arrived(store, raw), at=AT))
    for field in (draft.to, draft.subject, *draft.body.split("\n")):
        assert field.isprintable()
    assert [entry.address for entry in entries(draft.to)] == ["grace@navy.example"]
