"""Octets to text by the charset that a message names, from a list of those that are allowed.

What must not live here: a look-up of any codec by a name from mail. Python's codecs
include `unicode_escape`, `punycode`, `idna`, `rot13` and `utf-7`, which make control
characters, take quadratic time or raise (Unicode technical report 36, 3.6).
"""

from __future__ import annotations

import re
from types import MappingProxyType

UNNAMED = ""
"""The codec of a charset that says nothing: UTF-8 where that fits, else windows-1252."""

_NAMES = """
us-ascii= ascii= unknown-8bit= x-unknown= unknown= default= utf-8=utf_8_sig utf8=utf_8_sig unicode-1-1-utf-8=utf_8_sig
utf-16=utf_16 utf-16le=utf_16_le utf-16be=utf_16_be utf-32=utf_32 utf-32le=utf_32_le utf-32be=utf_32_be
iso-8859-1=cp1252 latin1=cp1252 latin-1=cp1252 l1=cp1252 windows-1252=cp1252 cp1252=cp1252 x-ansi=cp1252 ansi=cp1252
iso-8859-2=iso8859_2 latin2=iso8859_2 iso-8859-3=iso8859_3 iso-8859-4=iso8859_4 iso-8859-5=iso8859_5
iso-8859-6=iso8859_6 iso-8859-6-i=iso8859_6 iso-8859-6-e=iso8859_6 iso-8859-7=iso8859_7 iso-8859-8=iso8859_8
iso-8859-8-i=iso8859_8 iso-8859-8-e=iso8859_8 iso-8859-9=cp1254 latin5=cp1254 iso-8859-10=iso8859_10
iso-8859-11=cp874 iso-8859-13=iso8859_13 iso-8859-14=iso8859_14 iso-8859-15=iso8859_15 latin9=iso8859_15
iso-8859-16=iso8859_16
windows-1250=cp1250 cp1250=cp1250 windows-1251=cp1251 cp1251=cp1251 windows-1253=cp1253 cp1253=cp1253
windows-1254=cp1254 cp1254=cp1254 windows-1255=cp1255 cp1255=cp1255 windows-1256=cp1256 cp1256=cp1256
windows-1257=cp1257 cp1257=cp1257 windows-1258=cp1258 cp1258=cp1258 windows-874=cp874 cp874=cp874 tis-620=cp874
koi8-r=koi8_r koi8-u=koi8_u ibm437=cp437 cp437=cp437 ibm850=cp850 cp850=cp850 ibm852=cp852 cp852=cp852
ibm855=cp855 cp855=cp855 ibm866=cp866 cp866=cp866 macintosh=mac_roman mac=mac_roman x-mac-roman=mac_roman
x-mac-cyrillic=mac_cyrillic
gb2312=gb18030 gbk=gb18030 gb18030=gb18030 cp936=gb18030 x-gbk=gb18030 euc-cn=gb18030 hz-gb-2312=hz
big5=big5hkscs big5-hkscs=big5hkscs cp950=cp950 x-x-big5=big5hkscs
shift-jis=cp932 shift_jis=cp932 x-sjis=cp932 sjis=cp932 windows-31j=cp932 cp932=cp932 ms-kanji=cp932
euc-jp=euc_jp x-euc-jp=euc_jp iso-2022-jp=iso2022_jp_ext iso-2022-jp-1=iso2022_jp_1 iso-2022-jp-2=iso2022_jp_2
iso-2022-jp-3=iso2022_jp_3 cp50220=iso2022_jp_ext cp50221=iso2022_jp_ext
euc-kr=cp949 ks_c_5601-1987=cp949 ks-c-5601-1987=cp949 cp949=cp949 uhc=cp949 windows-949=cp949 iso-2022-kr=iso2022_kr
"""
CODECS = MappingProxyType(dict(pair.split("=") for pair in _NAMES.split()))
"""Lower-case charset of mail to Python's codec. Labels widened as in the WHATWG Encoding Standard, 4.2."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def is_known(charset: str) -> bool:
    """True when the charset is one that is decoded by its name."""
    return charset.strip().lower() in CODECS


def decode_charset(octets: bytes, charset: str) -> str:
    """The text of the octets; unknown or unnamed charsets are UTF-8, else windows-1252.

    Never raises; what does not fit becomes U+FFFD. NUL and controls stay in: `clean` is
    the boundary. No lone surrogate comes out.
    """
    codec = CODECS.get(charset.strip().lower(), UNNAMED)
    if not codec:
        return decode_unnamed(octets)
    try:
        text = octets.decode(codec, "replace")
    except (UnicodeError, ValueError, RuntimeError, OverflowError):
        return decode_unnamed(octets)
    return without_surrogates(text)


def decode_unnamed(octets: bytes) -> str:
    """UTF-8 where the octets are that, else windows-1252 with U+FFFD for the five it leaves out."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for every lone surrogate, so that it can be encoded and stored."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text)
    return text
