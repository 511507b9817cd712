"""The little arithmetic on the SM2 curve (GB/T 32918.5) that the compiled library does not offer.

Here: is a point on the curve, the public key of a private key, and the two shapes of a signature. Signing,
verifying and encryption are never done here: pure Python is slow and its timing depends on the secret.
Deriving a public key happens when a key is made from a caller's randomness or read from a file, on the
owner's own machine.
"""

from typing import Final

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX: Final = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY: Final = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

#: a ‖ b ‖ Gx ‖ Gy, the constant middle of the signer's hash value Z (GB/T 32918.2 5.5).
CURVE_BYTES: Final = b"".join(v.to_bytes(32, "big") for v in (A, B, GX, GY))

type _Jacobian = tuple[int, int, int]


def is_on_curve(public: bytes) -> bool:
    """Say whether the 64 bytes x ‖ y are a point of the curve other than infinity."""
    if len(public) != 64:
        return False
    x, y = int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big")
    return x < P and y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if y == 0 or z == 0:
        return (1, 1, 0)
    s = 4 * x * y * y % P
    m = 3 * (x - z * z) * (x + z * z) % P  # a = -3
    x3 = (m * m - 2 * s) % P
    return (x3, (m * (s - x3) - 8 * y**4) % P, 2 * y * z % P)


def _add(one: _Jacobian, two: _Jacobian) -> _Jacobian:
    if one[2] == 0:
        return two
    if two[2] == 0:
        return one
    (x1, y1, z1), (x2, y2, z2) = one, two
    u1, u2 = x1 * z2 * z2 % P, x2 * z1 * z1 % P
    s1, s2 = y1 * z2**3 % P, y2 * z1**3 % P
    if u1 == u2:
        return _double(one) if s1 == s2 else (1, 1, 0)
    h, r = u2 - u1, s2 - s1
    h2, h3 = h * h % P, h * h * h % P
    x3 = (r * r - h3 - 2 * u1 * h2) % P
    return (x3, (r * (u1 * h2 - x3) - s1 * h3) % P, h * z1 * z2 % P)


def public_of(secret: bytes) -> bytes:
    """Return x ‖ y (64 bytes) of the private scalar.

    Raises:
        ValueError: the scalar is outside 1 … n-2 (GB/T 32918.1 6.1).
    """
    scalar = int.from_bytes(secret, "big")
    if len(secret) != 32 or not 1 <= scalar <= N - 2:
        raise ValueError("an SM2 private key is a number from 1 to n-2")
    result: _Jacobian = (1, 1, 0)
    for bit in bin(scalar)[2:]:
        result = _double(result)
        if bit == "1":
            result = _add(result, (GX, GY, 1))
    inverse = pow(result[2], -1, P)
    x, y = result[0] * inverse**2 % P, result[1] * inverse**3 % P
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def _der_integer(value: bytes) -> bytes:
    body = value.lstrip(b"\0") or b"\0"
    if body[0] & 0x80:
        body = b"\0" + body
    return b"\x02" + bytes([len(body)]) + body


def der_signature(raw: bytes) -> bytes:
    """Turn r ‖ s (64 bytes, the shape on the wire) into the DER the library takes."""
    body = _der_integer(raw[:32]) + _der_integer(raw[32:])
    return b"\x30" + bytes([len(body)]) + body


def raw_signature(der: bytes) -> bytes:
    """Turn the library's DER into r ‖ s; only ever fed what the library itself produced."""
    r_end = 4 + der[3]
    r, s = der[4:r_end], der[r_end + 2 :]
    return int.from_bytes(r, "big").to_bytes(32, "big") + int.from_bytes(s, "big").to_bytes(32, "big")
