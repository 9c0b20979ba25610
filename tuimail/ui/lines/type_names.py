"""What kinds of files are called, for people who do not speak MIME types.

Pure. What is not known is shown as it was declared, cleaned.
"""

from __future__ import annotations

from tuimail.mime.clean import clean_line

_WHOLE = {
    "application/pdf": "PDF",
    "application/zip": "ZIP archive",
    "application/x-zip-compressed": "ZIP archive",
    "application/x-7z-compressed": "7z archive",
    "application/vnd.rar": "RAR archive",
    "application/x-rar": "RAR archive",
    "application/x-tar": "tar archive",
    "application/gzip": "gzip archive",
    "application/x-gzip": "gzip archive",
    "application/x-bzip2": "bzip2 archive",
    "application/x-xz": "xz archive",
    "application/zstd": "zstd archive",
    "application/x-iso9660-image": "disk image",
    "application/msword": "Word document",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word document",
    "application/vnd.ms-excel": "Excel sheet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel sheet",
    "application/vnd.ms-powerpoint": "slides",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "slides",
    "application/vnd.oasis.opendocument.text": "text document",
    "application/vnd.oasis.opendocument.spreadsheet": "spreadsheet",
    "application/vnd.oasis.opendocument.presentation": "slides",
    "application/rtf": "RTF document",
    "text/rtf": "RTF document",
    "application/json": "JSON",
    "application/xml": "XML",
    "text/xml": "XML",
    "application/javascript": "script",
    "text/javascript": "script",
    "text/x-python": "script",
    "text/x-script.python": "script",
    "text/x-shellscript": "script",
    "application/x-sh": "script",
    "application/x-bat": "script",
    "text/x-msdos-batch": "script",
    "application/x-dosexec": "program",
    "application/x-msdownload": "program",
    "application/vnd.microsoft.portable-executable": "program",
    "application/x-executable": "program",
    "application/x-pie-executable": "program",
    "application/x-sharedlib": "program",
    "application/x-mach-binary": "program",
    "application/java-archive": "Java program",
    "application/vnd.android.package-archive": "Android program",
    "application/pgp-signature": "signature",
    "application/pgp-keys": "PGP key",
    "application/pkcs7-signature": "signature",
    "application/x-pkcs7-signature": "signature",
    "application/pkcs7-mime": "S/MIME",
    "application/epub+zip": "e-book",
    "application/octet-stream": "data",
    "message/rfc822": "message",
    "message/delivery-status": "delivery report",
    "text/calendar": "calendar",
    "text/vcard": "contact",
    "text/x-vcard": "contact",
    "text/csv": "table",
    "text/html": "web page",
    "text/plain": "text",
    "text/markdown": "text",
    "text/x-diff": "patch",
    "text/x-patch": "patch",
    "image/jpeg": "JPEG image",
    "image/png": "PNG image",
    "image/gif": "GIF image",
    "image/webp": "WebP image",
    "image/svg+xml": "SVG image",
    "image/tiff": "TIFF image",
    "inode/x-empty": "empty",
}
_FAMILIES = {"image": "image", "audio": "sound", "video": "video", "font": "font", "text": "text"}


def type_label(content_type: str) -> str:
    """One or two words for `type/subtype`: `PDF`, `Word document`; else the type itself.

    >>> type_label("image/x-unheard-of"), type_label("application/x-thing")
    ('image', 'x-thing')
    """
    known = _WHOLE.get(content_type.strip().lower())
    if known:
        return known
    family, _, subtype = clean_line(content_type, 80).strip().lower().partition("/")
    return _FAMILIES.get(family) or subtype or family or "unknown"
