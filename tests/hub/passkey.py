"""A software authenticator: makes an ES256 credential and answers WebAuthn ceremonies as a browser would."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

ORIGIN = "http://localhost:8000"
_UP, _UV, _AT = 0x01, 0x04, 0x40


@dataclass
class SoftPasskey:
    """One credential at one origin. ``verified=False`` plays a device that only noticed a touch."""

    origin: str = ORIGIN
    rp_id: str = "localhost"
    verified: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    count: int = 0

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _head(self, flags: int) -> bytes:
        self.count += 1
        flags |= _UP | (_UV if self.verified else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def register(self, options: str) -> str:
        """Answer ``navigator.credentials.create``."""
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        )
        data = (
            self._head(_AT)
            + bytes(16)
            + len(self.credential_id).to_bytes(2, "big")
            + self.credential_id
            + cose
        )
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client_data("webauthn.create", json.loads(options)["challenge"])
        return self._answer({"clientDataJSON": client, "attestationObject": attestation})

    def confirm(self, options: str) -> str:
        """Answer ``navigator.credentials.get``."""
        client = self._client_data("webauthn.get", json.loads(options)["challenge"])
        data = self._head(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": client, "authenticatorData": data, "signature": signature})

    def _answer(self, parts: dict[str, bytes]) -> str:
        name = bytes_to_base64url(self.credential_id)
        response = {key: bytes_to_base64url(value) for key, value in parts.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
