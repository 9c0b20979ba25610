"""A tree of parts to BODYSTRUCTURE (RFC 9051 7.5.2), so that mail that lies here reads like mail on a server.

The inverse of `structure.parse_bodystructure` for everything a Part holds. Pure.
"""

from __future__ import annotations

from tuimail.model import Part

_NIL = b"NIL"
_ENVELOPE = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"


def to_bodystructure(root: Part) -> bytes:
    """The structure of a message, as `parse_bodystructure` reads it."""
    if root.content_type.startswith("multipart/"):
        return _multipart(root)
    return _leaf(root)


def _multipart(part: Part) -> bytes:
    children = b"".join(to_bodystructure(child) for child in part.children) or _NIL
    subtype = part.content_type.partition("/")[2]
    return b"(%b %b NIL %b NIL)" % (children, _string(subtype), _disposition(part))


def _leaf(part: Part) -> bytes:
    kind, _, subtype = part.content_type.partition("/")
    fields = [
        _string(kind),
        _string(subtype),
        _parameters(part),
        _string(part.content_id) if part.content_id else _NIL,
        _NIL,
        _string(part.encoding or "7bit"),
        b"%d" % part.size_octets,
    ]
    if part.children:
        fields += [_ENVELOPE, to_bodystructure(part.children[0]), b"0"]
    elif kind == "text":
        fields.append(b"0")
    return b"(%b NIL %b)" % (b" ".join(fields), _disposition(part))


def _parameters(part: Part) -> bytes:
    given = {
        "charset": part.charset,
        # A name that no disposition can carry stands here.
        "name": "" if part.disposition else part.filename,
        "format": "flowed" if part.format_flowed else "",
        "delsp": "yes" if part.del_sp else "",
    }
    return _pairs({name: value for name, value in given.items() if value})


def _disposition(part: Part) -> bytes:
    if not part.disposition:
        return _NIL
    return b"(%b %b)" % (_string(part.disposition), _pairs({"filename": part.filename} if part.filename else {}))


def _pairs(pairs: dict[str, str]) -> bytes:
    if not pairs:
        return _NIL
    return b"(%b)" % b" ".join(b"%b %b" % (_string(name), _string(value)) for name, value in pairs.items())


def _string(text: str) -> bytes:
    """A quoted string; a literal where that would not do."""
    octets = text.encode("utf-8", "replace")
    if octets.isascii() and octets.decode("ascii").isprintable():
        return b'"%b"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b"{%d}\r\n%b" % (len(octets), octets)
