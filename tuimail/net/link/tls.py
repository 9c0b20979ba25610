"""TLS for every protocol: always verified, at least version 1.2, with the system's roots.

There is no switch that turns verification off; `ca_file` adds a root. What OpenSSL says
of a certificate becomes one sentence here that names the fault and the host.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from tuimail.errors import CertificateError, ConfigError, Dropped, MailError
from tuimail.net.link.wire import plain_words

# X509_V_ERR_* of OpenSSL's x509_vfy.h; the ssl module has no names for them.
_NOT_YET_VALID = 9
_EXPIRED = 10
_SELF_SIGNED = 18
_UNKNOWN_ISSUERS = frozenset({2, 19, 20, 21})
_WRONG_NAMES = frozenset({62, 64})

_OWN_SERVER = "If this is your own server, name its root certificate in ca_file."


def context(ca_file: Path | None) -> ssl.SSLContext:
    """A verifying client context; `ca_file` (PEM) is trusted beside the system's roots."""
    made = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            made.load_verify_locations(cafile=str(ca_file))
        except (OSError, ssl.SSLError) as exc:
            sentence = f"The file of trusted roots cannot be used: {ca_file}"
            raise ConfigError(sentence, "Check ca_file: it must be a PEM file that you can read.") from exc
    return made


def translate(exc: OSError, host: str, port: int) -> MailError:
    """The error of our own tree for what a TLS handshake raised."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return _certificate_error(exc, host)
    if isinstance(exc, ssl.SSLEOFError | ssl.SSLZeroReturnError) or not isinstance(exc, ssl.SSLError):
        return Dropped(f"{host} closed the connection while TLS was being set up.")
    reason = exc.reason or ""
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
        return CertificateError(
            f"{host} does not speak TLS on port {port}.", 'Check the port, or set security = "starttls".'
        )
    if "PROTOCOL" in reason:
        return CertificateError(
            f"{host} offers only versions of TLS that are no longer safe.", "Its owner must enable TLS 1.2 or newer."
        )
    said = plain_words(reason.replace("_", " ").lower().encode())
    return CertificateError(f"TLS with {host} failed: {said or 'no reason given'}.", "Ask the owner of the server.")


def _certificate_error(exc: ssl.SSLCertVerificationError, host: str) -> CertificateError:
    code = exc.verify_code
    if code == _EXPIRED:
        return CertificateError(
            f"The certificate of {host} has expired.", "Its owner must renew it. Check this machine's clock too."
        )
    if code == _NOT_YET_VALID:
        return CertificateError(f"The certificate of {host} is not valid yet.", "Check this machine's clock.")
    if code == _SELF_SIGNED:
        return CertificateError(f"The certificate of {host} is self-signed: nobody vouches for it.", _OWN_SERVER)
    if code in _UNKNOWN_ISSUERS:
        return CertificateError(
            f"The certificate of {host} comes from an issuer that this machine does not know.", _OWN_SERVER
        )
    if code in _WRONG_NAMES:
        return CertificateError(
            f"The certificate was made for another name than {host}.", "Check the host in the configuration."
        )
    said = plain_words(str(exc.verify_message).encode())
    return CertificateError(f"The certificate of {host} cannot be verified: {said}.", _OWN_SERVER)
