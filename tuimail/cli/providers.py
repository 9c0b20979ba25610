"""What is known of mail providers: hosts, ports, and what a person has to know before signing in.

A small table by hand; whoever is not in it gets guesses by custom (RFC 6186 names the
services, common practice the hosts). Nothing is asked of any network here.
"""

from __future__ import annotations

from typing import NamedTuple

from tuimail.config import Security

APP_PASSWORD = "It wants an app password, made in the security settings of the account; not the usual password."  # noqa: S105
MICROSOFT = "Microsoft lets programs in by OAuth 2 only, which tuimail does not speak yet; a password will be refused."


class Server(NamedTuple):
    """Where to connect."""

    host: str
    port: int
    security: Security


class Provider(NamedTuple):
    """One provider."""

    domains: tuple[str, ...]
    receive: Server
    send: Server
    note: str = ""
    user_is_local_part: bool = False
    """The login name is what stands before the @."""


def _tls(host: str, port: int = 993) -> Server:
    return Server(host, port, Security.TLS)


def _starttls(host: str, port: int = 587) -> Server:
    return Server(host, port, Security.STARTTLS)


PROVIDERS: tuple[Provider, ...] = (
    Provider(("gmail.com", "googlemail.com"), _tls("imap.gmail.com"), _tls("smtp.gmail.com", 465), APP_PASSWORD),
    Provider(("outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.de", "hotmail.fr",
              "hotmail.co.uk", "live.de", "live.fr"),
             _tls("outlook.office365.com"), _starttls("smtp-mail.outlook.com"), MICROSOFT),
    Provider(("yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "yahoo.es", "yahoo.it", "ymail.com"),
             _tls("imap.mail.yahoo.com"), _tls("smtp.mail.yahoo.com", 465), APP_PASSWORD),
    Provider(("aol.com", "aim.com", "verizon.net"), _tls("imap.aol.com"), _tls("smtp.aol.com", 465), APP_PASSWORD),
    Provider(("icloud.com", "me.com", "mac.com"), _tls("imap.mail.me.com"), _starttls("smtp.mail.me.com"),
             APP_PASSWORD),
    Provider(("fastmail.com", "fastmail.fm", "messagingengine.com", "sent.com"),
             _tls("imap.fastmail.com"), _tls("smtp.fastmail.com", 465), APP_PASSWORD),
    Provider(("gmx.de", "gmx.net", "gmx.at", "gmx.ch"), _tls("imap.gmx.net"), _tls("mail.gmx.net", 465),
             "IMAP has to be switched on first, in the settings of the web mail."),
    Provider(("gmx.com", "mail.com"), _tls("imap.gmx.com"), _tls("mail.gmx.com", 465),
             "IMAP has to be switched on first, in the settings of the web mail."),
    Provider(("web.de",), _tls("imap.web.de"), _starttls("smtp.web.de"),
             "IMAP has to be switched on first, in the settings of the web mail."),
    Provider(("t-online.de", "magenta.de"), _tls("secureimap.t-online.de"), _tls("securesmtp.t-online.de", 465),
             "It wants the password for mail programs, made in the customer centre."),
    Provider(("posteo.de", "posteo.net", "posteo.org"), _tls("posteo.de"), _tls("posteo.de", 465)),
    Provider(("mailbox.org",), _tls("imap.mailbox.org"), _tls("smtp.mailbox.org", 465)),
    Provider(("proton.me", "protonmail.com", "pm.me"), _starttls("127.0.0.1", 1143), _starttls("127.0.0.1", 1025),
             "It needs Proton Mail Bridge on this machine: its password, and its certificate as --ca-file."),
    Provider(("zoho.com", "zohomail.com"), _tls("imap.zoho.com"), _tls("smtp.zoho.com", 465), APP_PASSWORD),
    Provider(("zohomail.eu",), _tls("imap.zoho.eu"), _tls("smtp.zoho.eu", 465), APP_PASSWORD),
    Provider(("yandex.com", "yandex.ru", "ya.ru"), _tls("imap.yandex.com"), _tls("smtp.yandex.com", 465),
             APP_PASSWORD),
    Provider(("mail.ru", "inbox.ru", "bk.ru", "list.ru"), _tls("imap.mail.ru"), _tls("smtp.mail.ru", 465),
             APP_PASSWORD),
    Provider(("orange.fr", "wanadoo.fr"), _tls("imap.orange.fr"), _tls("smtp.orange.fr", 465)),
    Provider(("free.fr",), _tls("imap.free.fr"), _tls("smtp.free.fr", 465), user_is_local_part=True),
    Provider(("laposte.net",), _tls("imap.laposte.net"), _tls("smtp.laposte.net", 465)),
    Provider(("comcast.net",), _tls("imap.comcast.net"), _tls("smtp.comcast.net", 465)),
    Provider(("seznam.cz", "email.cz"), _tls("imap.seznam.cz"), _tls("smtp.seznam.cz", 465)),
    Provider(("qq.com", "foxmail.com"), _tls("imap.qq.com"), _tls("smtp.qq.com", 465),
             "It wants an authorization code, made in the settings of the web mail; not the usual password."),
    Provider(("163.com",), _tls("imap.163.com"), _tls("smtp.163.com", 465),
             "It wants an authorization code, made in the settings of the web mail; not the usual password."),
    Provider(("naver.com",), _tls("imap.naver.com"), _tls("smtp.naver.com", 465), user_is_local_part=True),
)  # fmt: skip


def provider_of(address: str) -> Provider | None:
    """The provider of an address, by its domain."""
    domain = address.rpartition("@")[2].casefold()
    return next((provider for provider in PROVIDERS if domain in provider.domains), None)


def host_guesses(address: str, protocol: str) -> tuple[str, ...]:
    """Hosts to try for a domain of one's own, the likeliest first; `protocol` is imap, pop3 or smtp."""
    domain = address.rpartition("@")[2].casefold()
    name = {"pop3": "pop"}.get(protocol, protocol)
    return (f"{name}.{domain}", f"mail.{domain}", domain) if domain else ()
