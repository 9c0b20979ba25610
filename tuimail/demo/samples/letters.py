"""x."""

from tuimail.demo.samples.builder import Mail


def mails() -> list[Mail]:
    return []


def pop3_mails() -> list[Mail]:
    return []


def later_mails() -> list[Mail]:
    return []
