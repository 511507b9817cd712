"""PAdES signatures on PDFs by pyHanko, with an Ed25519 key and its certificate.

The signature proves which platform printed the paper and that no byte changed; the figures themselves are proved by
the provider's signature on the product (digest on the foot of every page).
"""

import io
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore


def self_signed_certificate(
    key: Ed25519PrivateKey, name: str, *, at: datetime, days: int = 3650
) -> x509.Certificate:
    """A certificate for a platform that has no authority of its own: trust in it is trust in its published key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        # From the key itself, so that the same key and time give the same certificate; high bit off: it is positive.
        .serial_number(int.from_bytes(raw[:16], "big") >> 1 | 1)
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=days))
        .add_extension(usage, critical=True)
        .sign(key, None)
    )


def sign_pdf(
    pdf: bytes, *, key: Ed25519PrivateKey, certificate: x509.Certificate, name: str, reason: str = ""
) -> bytes:
    """The same document with a PAdES signature appended; what was there before stays byte for byte."""
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (loaded,) = load_certs_from_pemder_data(certificate.public_bytes(serialization.Encoding.PEM))
    signer = SimpleSigner(
        signing_cert=loaded,
        signing_key=load_private_key_from_pemder_data(private, passphrase=None),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )
    meta = PdfSignatureMetadata(
        field_name="Xinqiao",
        name=name,
        reason=reason or None,
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha512",
    )
    out = PdfSigner(meta, signer=signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)))
    out.seek(0)
    return bytes(out.read())
