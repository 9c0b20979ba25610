"""Kinds of files: what an extension promises, and what a media type means, in a person's words."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file."""

    family: str
    """Names and types of one family do not contradict each other."""
    words: str
    """As in "the bytes are ...", with its article."""
    is_program: bool = False


# family | words | extensions | media types ("x/*" for all of a kind); a leading ! marks what runs when it is opened.
_TABLE = """
pdf | a PDF | pdf | application/pdf application/x-pdf
postscript | a PostScript file | ps eps ai | application/postscript
word | a Word document | doc docx dot dotx rtf wps odt ott pages | application/msword application/rtf text/rtf
excel | a spreadsheet | xls xlsx xlsb xlt xltx ods numbers | application/vnd.ms-excel
slides | a presentation | ppt pptx pps ppsx pot odp key | application/vnd.ms-powerpoint
!macro | an Office document that can hold macros | docm xlsm pptm dotm xltm potm ppam xlam xla sldm xll wll slk iqy oqy dqy | application/x-macro
ole | an older Office file | msg | application/x-ole-storage application/cdfv2 application/vnd.ms-outlook
image | a picture | png jpg jpeg jpe jfif gif webp bmp tif tiff ico heic heif avif psd xcf | image/*
svg | an SVG picture | svg svgz | image/svg+xml
audio | a sound | mp3 ogg oga opus wav flac m4a aac wma mid midi amr | audio/*
video | a film | mp4 m4v mkv mov avi webm mpg mpeg wmv flv 3gp ogv | video/*
zip | a ZIP archive | zip zipx | application/zip application/x-zip-compressed
archive | an archive | tar gz tgz bz2 tbz tbz2 xz txz zst 7z 001 rar r00 cab lz lzma z arj ace lzh lha uue wim egg alz | application/gzip application/x-gzip application/x-tar application/x-bzip2 application/x-xz application/zstd application/x-7z-compressed application/x-rar application/vnd.rar application/x-rar-compressed application/vnd.ms-cab-compressed
!image-disk | a disk image | iso img udf vhd vhdx dmg vmdk qcow2 | application/x-iso9660-image application/x-raw-disk-image application/x-apple-diskimage
!windows | a Windows program | exe scr com pif cpl dll sys ocx drv vxd ex_ msi msp mst msu msix msixbundle appx appxbundle appinstaller application appref-ms gadget msc diagcab diagpkg xbap | application/x-dosexec application/x-msdownload application/vnd.microsoft.portable-executable application/x-ms-dos-executable application/x-msi
!linux | a Linux program | elf so run appimage o ko | application/x-executable application/x-pie-executable application/x-sharedlib application/x-elf application/x-object
!mac | a macOS program | app pkg mpkg command tool workflow action terminal prefpane kext osx dylib | application/x-mach-binary
!package | a software package | deb rpm apk ipa snap flatpak xpi crx | application/vnd.debian.binary-package application/x-rpm application/vnd.android.package-archive
!java | a Java program | jar class war jnlp | application/java-archive application/x-java-applet application/x-java-jnlp-file
!script | a script | js jse mjs vb vbs vbe vbscript ws wsc wsf wsh hta ps1 ps2 psm1 psd1 ps1xml msh bat cmd sh bash zsh csh ksh fish pl py pyw pyz pyc rb php lua tcl scpt applescript au3 sct | text/x-shellscript text/x-script.python text/x-python text/x-perl text/x-ruby text/x-php application/javascript text/javascript application/x-javascript text/x-msdos-batch application/x-sh application/hta text/vbscript application/x-httpd-php
!shortcut | a shortcut to something else | lnk url desktop website webloc inetloc fileloc scf shb shs library-ms search-ms searchconnector-ms settingcontent-ms theme themepack inf ins isp reg rdp | application/x-ms-shortcut application/x-desktop application/internet-shortcut text/x-ms-regedit
!onenote | a OneNote file | one onepkg | application/onenote application/msonenote
!help | a Windows help file | chm hlp | application/vnd.ms-htmlhelp application/x-chm
html | a web page | html htm xhtml shtml mht mhtml | text/html application/xhtml+xml
calendar | a calendar file | ics ical vcs ifb | text/calendar application/ics
contact | a contact | vcf vcard | text/vcard text/x-vcard text/directory
mail | a mail message | eml mbox | message/rfc822 message/global application/mbox
key | a key or signature | asc sig gpg pgp p7s p7m p7c pem crt cer der p12 pfx key.pub | application/pgp-signature application/pgp-keys application/pgp-encrypted application/pkcs7-signature application/x-pkcs7-signature application/pkcs7-mime application/x-pkcs7-mime application/x-x509-ca-cert application/x-pkcs12 application/pkix-cert
xml | an XML file | xml xsd xsl xslt rss atom gpx kml | text/xml application/xml
text | plain text | txt text log md rst csv tsv json yaml yml toml ini cfg conf diff patch tex bib c h cc cpp hpp rs go java kt swift css ts sql srt po | text/* application/json application/csv application/x-yaml
font | a font | ttf otf woff woff2 | font/* application/font-sfnt application/vnd.ms-opentype
ebook | an electronic book | epub mobi azw3 | application/epub+zip application/x-mobipocket-ebook
database | a database | sqlite sqlite3 db mdb accdb | application/vnd.sqlite3 application/x-sqlite3 application/x-msaccess
tnef | a winmail.dat package | dat tnef | application/ms-tnef application/vnd.ms-tnef
"""  # noqa: E501 - one kind a line

GENERIC_TYPES = frozenset(
    ["", "application/octet-stream", "application/x-download", "application/force-download", "binary/octet-stream",
     "application/download", "application/unknown", "application/x-unknown", "multipart/mixed", "application/binary",
     "application/x-zip", "application/data", "application/x-empty"]
)  # fmt: skip
"""Types by which a sender says nothing."""


class _Tables(NamedTuple):
    by_extension: dict[str, Kind]
    by_type: dict[str, Kind]


@cache
def _tables() -> _Tables:
    by_extension: dict[str, Kind] = {}
    by_type: dict[str, Kind] = {}
    for line in _TABLE.strip().splitlines():
        family, words, extensions, types = (column.strip() for column in line.split("|"))
        kind = Kind(family.removeprefix("!"), words, family.startswith("!"))
        by_extension.update((extension, kind) for extension in extensions.split())
        by_type.update((media_type, kind) for media_type in types.split())
    return _Tables(by_extension, by_type)


def kind_of_extension(extension: str) -> Kind | None:
    """What a name with this extension (no dot) promises; None for one that is not known."""
    return _tables().by_extension.get(extension.lower())


def kind_of_type(media_type: str) -> Kind | None:
    """What a media type means; None when it says nothing or is not known."""
    media_type = media_type.lower().partition(";")[0].strip()
    if media_type in GENERIC_TYPES:
        return None
    by_type = _tables().by_type
    if found := by_type.get(media_type):
        return found
    if media_type.startswith("application/vnd."):
        return _office(media_type)
    return by_type.get(media_type.partition("/")[0] + "/*")


def _office(media_type: str) -> Kind | None:
    """The many names of Office and OpenDocument types."""
    by_extension = _tables().by_extension
    if "macroenabled" in media_type:
        return by_extension["docm"]
    for mark, extension in (
        ("wordprocessingml", "docx"), ("spreadsheetml", "xlsx"), ("presentationml", "pptx"),
        ("opendocument.text", "odt"), ("opendocument.spreadsheet", "ods"), ("opendocument.presentation", "odp"),
    ):  # fmt: skip
        if mark in media_type:
            return by_extension[extension]
    return None
