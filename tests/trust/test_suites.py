"""Published vectors of every primitive, for both suites."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519

from xinqiao.trust import sm2curve
from xinqiao.trust.suites import _X25519_SMALL_ORDER, INTERNATIONAL, SM, SUITES, Suite, concat_kdf

# GB/T 32918.5-2017 annex A.2 (signature) and annex C.2 (encryption), on the recommended curve.
SM2_SECRET = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
SM2_PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SM2_SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def test_the_sm2_signature_example_of_the_standard_verifies() -> None:
    verify = SM.load_verifier(SM2_PUBLIC)
    assert verify(SM2_SIGNATURE, b"message digest")
    assert not verify(SM2_SIGNATURE, b"message digesT")


def test_the_sm2_public_key_of_the_standard_is_derived_from_its_private_key() -> None:
    assert SM.signing_public(SM2_SECRET) == SM2_PUBLIC


def test_the_sm2_encryption_example_of_the_standard_opens() -> None:
    import gmssl_pyx

    x = "04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
    y = "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
    c3 = "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"
    c2 = "21886CA989CA9C7D58087307CA93092D651EFA"
    body = sm2curve._der_integer(bytes.fromhex(x)) + sm2curve._der_integer(bytes.fromhex(y))
    body += b"\x04\x20" + bytes.fromhex(c3) + b"\x04\x13" + bytes.fromhex(c2)
    der = b"\x30" + (b"\x81" if len(body) > 127 else b"") + bytes([len(body)]) + body
    assert gmssl_pyx.sm2_decrypt(SM2_SECRET, der) == b"encryption standard"


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_gives_the_digests_of_gbt_32905(message: bytes, digest: str) -> None:
    assert SM.digest(message).hex() == digest


@pytest.mark.parametrize("suite", [INTERNATIONAL, SM], ids=str)
def test_a_key_taken_in_once_makes_the_same_tags(suite: Suite) -> None:
    for key in (b"k" * 32, b"k" * 100):
        tag = suite.tagger(key)
        assert [tag(one) for one in (b"one", b"", b"one")] == [
            suite.hmac(key, one) for one in (b"one", b"", b"one")
        ]


def test_sm3_hmac_agrees_with_the_compiled_library() -> None:
    import gmssl_pyx

    for size in (1, 32, 64, 65, 200):
        assert SM.hmac(b"k" * size, b"message") == gmssl_pyx.sm3_hmac(b"k" * size, b"message")


def test_sm4_gives_the_block_of_gbt_32907_and_the_gcm_vector_of_rfc_8998() -> None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    block = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()
    assert block.update(key).hex().upper() == "681EDF34D206965E86B3E94F536E4246"
    aad = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = b"".join(bytes([v]) * 8 for v in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    nonce = bytes.fromhex("00001234567800000000ABCD")
    sealed = SM.encrypt(key, nonce, plain, aad)
    assert sealed.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert SM.decrypt(key, nonce, sealed, aad) == plain


@pytest.mark.parametrize(
    ("secret", "public", "message", "signature"),
    [  # RFC 8032 section 7.1, tests 1 to 3
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            (
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                "d25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                "387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            (
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                "4a7c15e9716ed28dc027beceea1ec40a"
            ),
        ),
    ],
)
def test_ed25519_gives_the_signatures_of_rfc_8032(
    secret: str, public: str, message: str, signature: str
) -> None:
    raw = bytes.fromhex(secret)
    assert INTERNATIONAL.signing_public(raw).hex() == public
    assert INTERNATIONAL.load_signer(raw, b"")(bytes.fromhex(message)).hex() == signature
    assert INTERNATIONAL.load_verifier(bytes.fromhex(public))(
        bytes.fromhex(signature), bytes.fromhex(message)
    )


def test_x25519_gives_the_public_keys_of_rfc_7748() -> None:
    alice = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    assert INTERNATIONAL.seal_public(alice).hex() == (
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    )
    bob = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    assert INTERNATIONAL.seal_public(bob).hex() == (
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    )


def test_the_key_derivation_gives_the_key_of_rfc_7518_appendix_c() -> None:
    shared = bytes.fromhex("9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4")
    key = concat_kdf(shared, "A128GCM", b"Alice", b"Bob", 16)
    assert base64.urlsafe_b64encode(key).rstrip(b"=") == b"VqqN6vgjbSBcIijNcacQGg"


@pytest.mark.parametrize("suite", SUITES.values(), ids=str)
def test_what_a_suite_signs_it_verifies_and_nothing_else(suite: Suite) -> None:
    secret = suite.new_signing_secret(lambda n: bytes(range(7, 7 + n)))
    public = suite.signing_public(secret)
    signature = suite.load_signer(secret, public)(b"message")
    verify = suite.load_verifier(public)
    assert len(signature) == 64
    assert verify(signature, b"message")
    for bit in range(0, 512, 37):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        assert not verify(bytes(changed), b"message")
    assert not verify(bytes(64), b"message")
    assert not verify(b"\xff" * 64, b"message")


@pytest.mark.parametrize("suite", SUITES.values(), ids=str)
def test_a_wrapped_key_comes_back_to_its_holder_only(suite: Suite) -> None:
    one, two = (suite.new_seal_secret(lambda n, s=s: bytes(range(s, s + n))) for s in (1, 60))
    wrapped = suite.wrap(suite.seal_public(one), apu=b"", apv=b"", random=None)
    parts = {"ephemeral": wrapped.ephemeral, "encrypted_key": wrapped.encrypted_key}
    assert suite.unwrap(one, **parts, apu=b"", apv=b"") == wrapped.content_key
    try:
        other = suite.unwrap(two, **parts, apu=b"", apv=b"")
    except ValueError:
        other = b""
    assert other != wrapped.content_key


def test_points_of_small_order_are_no_keys() -> None:
    for public in (bytes(32), b"\x01" + bytes(31), bytes.fromhex("ec" + "ff" * 30 + "7f")):
        with pytest.raises(ValueError):
            INTERNATIONAL.load_verifier(public)


def test_an_exchange_with_each_point_on_the_list_gives_nothing_and_with_no_other() -> None:
    """The list is held to what the library itself refuses: RFC 7748 6.1, an all-zero result."""
    own = x25519.X25519PrivateKey.generate()
    assert len(_X25519_SMALL_ORDER) == 7
    for public in _X25519_SMALL_ORDER:
        for spelling in (public, public[:31] + bytes((public[31] | 0x80,))):
            with pytest.raises(ValueError):
                own.exchange(x25519.X25519PublicKey.from_public_bytes(spelling))
            with pytest.raises(ValueError):
                INTERNATIONAL.check_seal_public(spelling)
    for start in range(2, 200):
        public = bytes((start,)) + bytes(31)
        own.exchange(x25519.X25519PublicKey.from_public_bytes(public))
        INTERNATIONAL.check_seal_public(public)
    with pytest.raises(ValueError):
        INTERNATIONAL.check_seal_public(bytes(31))


def test_points_off_the_sm2_curve_are_no_keys() -> None:
    off = SM2_PUBLIC[:-1] + b"\x14"
    for call in (SM.load_verifier, SM.check_seal_public):
        with pytest.raises(ValueError):
            call(off)
    with pytest.raises(ValueError):
        SM.signing_public(bytes(32))
    with pytest.raises(ValueError):
        SM.signing_public((sm2curve.N - 1).to_bytes(32, "big"))
