"""`doctor`: what it shows, what it finds, what it repairs."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.cli.conftest import CONFIG, Home
from tuimail.store import Store


def test_a_healthy_house_has_nothing_wrong(seeded: Home) -> None:
    done = seeded.run("doctor")
    assert (done.code, done.err) == (0, "")
    assert "Nothing is wrong." in done.out
    for word in ("tuimail", "python", "sqlite", "libmagic", "keyring", "TERM", str(seeded.paths.mail_db.parent)):
        assert word in done.out


def test_everything_is_in_the_json(seeded: Home) -> None:
    values = seeded.run("doctor", "--json").json()
    assert set(values) == {
        "versions", "places", "terminal", "engine", "keyring", "accounts", "store", "repaired", "problems",
    }  # fmt: skip
    assert values["engine"]["running"] is False
    assert values["keyring"]["backend"] == "none"
    assert (values["store"]["state"], values["store"]["messages"]) == ("whole", 5)
    assert values["accounts"]["work"]["state"] == "not connected yet"
    assert values["problems"] == []


def test_an_empty_home_is_no_problem(home: Home) -> None:
    done = home.run("doctor")
    assert done.code == 0
    assert "tuimail account add" in done.out


def test_mistakes_in_the_configuration_are_problems(home: Home) -> None:
    home.configure(CONFIG + 'colour = "blue"\n')
    done = home.run("doctor")
    assert done.code == 1
    assert "has one mistake" in done.out
    assert "accounts.work.receive.colour: no such key" in done.out


def test_files_that_others_can_read_are_problems(seeded: Home) -> None:
    seeded.paths.mail_db.chmod(0o644)
    seeded.paths.config_file.chmod(0o666)
    sentences = [problem["sentence"] for problem in seeded.run("doctor", "--json").json()["problems"]]
    assert f"Others can write {seeded.paths.config_file}." in sentences


def damage(home: Home) -> None:
    home.paths.mail_db.write_bytes(b"this is no database" * 1000)
    for name in ("mail.db-wal", "mail.db-shm"):
        (home.paths.data / name).unlink(missing_ok=True)


def test_a_damaged_store_is_made_again_on_demand(seeded: Home) -> None:
    damage(seeded)
    done = seeded.run("doctor")
    assert done.code == 1
    assert "doctor --repair" in done.out
    assert seeded.paths.mail_db.read_bytes().startswith(b"this is no database")
    values = seeded.run("doctor", "--repair", "--json").json()
    assert "made again" in values["repaired"][0]
    assert "nothing in it was changed" in values["repaired"][1]
    assert any("cannot be read" in sentence for sentence in values["repaired"]), "it says what is lost"
    moved = [path for path in seeded.paths.data.iterdir() if "damaged" in path.name]
    assert moved[0].read_bytes().startswith(b"this is no database")
    assert seeded.run("doctor").code == 0


def test_repair_carries_over_what_is_nowhere_else(seeded: Home) -> None:
    with Store.open(seeded.paths) as store:
        account = store.accounts.all()[0].name
        store.drafts.begin(account, at=1, message_id="<d@x>", to="a@b.example", subject="a draft", body="words")
        store.outbox.add(None, account, "a@b.example", ["c@d.example"], b"Subject: x\r\n\r\n", "<1@x>", at=1,
                         not_before=1 << 40, to="c@d.example", subject="on its way")  # fmt: skip
    with closing(sqlite3.connect(seeded.paths.mail_db)) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'envelope'")
        ((octets,),) = connection.execute("PRAGMA page_size")
    with seeded.paths.mail_db.open("r+b") as file:
        file.seek((page - 1) * octets)
        file.write(b"\xff" * octets)
    done = seeded.run("doctor", "--repair", "--json").json()
    assert any(sentence.startswith("Carried over") for sentence in done["repaired"]), done["repaired"]
    with Store.open(seeded.paths) as store:
        assert [draft.subject for draft in store.drafts.all()] == ["a draft"]
        assert [item.subject for item in store.outbox.all()] == ["on its way"]


def test_wrong_counters_are_counted_anew(seeded: Home) -> None:
    with closing(sqlite3.connect(seeded.paths.mail_db)) as connection:
        connection.execute("UPDATE mailbox SET total = total + 5 WHERE name = 'INBOX'")
        connection.commit()
    assert seeded.run("doctor").code == 1
    assert "counted anew" in seeded.run("doctor", "--repair").out
    assert seeded.run("mailboxes", "--json").json()[0]["total"] == 4


def test_repair_finds_nothing_to_do_in_a_healthy_store(seeded: Home) -> None:
    before = seeded.paths.mail_db.read_bytes()
    assert seeded.run("doctor", "--repair", "--json").json()["repaired"] == []
    assert seeded.paths.mail_db.read_bytes() == before
