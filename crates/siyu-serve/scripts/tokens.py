"""Writes tests/fixtures/tokens.json: key sets and tokens made by PyJWT and cryptography, with what a gate must say.

    pip install pyjwt cryptography
    python scripts/tokens.py

The private keys are thrown away, so that every run writes other tokens. All are judged at the time NOW.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

NOW = 1_800_000_000
GOOD = {"sub": "alice", "iss": "https://issuer.test", "aud": "siyu", "iat": NOW, "exp": NOW + 600}
BAD, EXPIRED, NOT_YET, NOT_OURS = "gate/bad_token", "gate/expired", "gate/not_yet", "gate/not_ours"


def encoded(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_hand(header, claims, sign):
    """A token that a library would refuse to make."""
    message = f"{encoded(header)}.{encoded(claims)}"
    return f"{message}.{encoded(sign(message.encode()))}"


def jwk(key, algorithm, kid):
    public = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key()))
    return {**public, "kid": kid, "use": "sig", "alg": algorithm}


def pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def without(*names):
    return {name: value for name, value in GOOD.items() if name not in names}


def key_sign(algorithm, key, message):
    method = jwt.get_algorithm_by_name(algorithm)
    return method.sign(message, method.prepare_key(key))


def common(cases, algorithm, key, kid):
    """What holds for every algorithm."""

    def sign(claims, headers=None):
        return jwt.encode(claims, key, algorithm, headers={"kid": kid, **(headers or {})})

    good = sign(GOOD)
    head, body, tail = good.split(".")
    cases += [
        ("good", good, None),
        ("audience in a list", sign({**GOOD, "aud": ["other", "siyu"]}), None),
        ("expired within the leeway", sign({**GOOD, "exp": NOW - 29}), None),
        ("expired", sign({**GOOD, "exp": NOW - 31}), EXPIRED),
        ("not before within the leeway", sign({**GOOD, "nbf": NOW + 29}), None),
        ("not before", sign({**GOOD, "nbf": NOW + 31}), NOT_YET),
        ("no expiry", sign(without("exp")), BAD),
        ("expiry that is no number", by_hand({"alg": algorithm, "kid": kid}, {**GOOD, "exp": "soon"}, lambda m: key_sign(algorithm, key, m)), BAD),
        ("no audience", sign(without("aud")), BAD),
        ("wrong audience", sign({**GOOD, "aud": "other"}), NOT_OURS),
        ("wrong audiences", sign({**GOOD, "aud": ["other", "siyu2"]}), NOT_OURS),
        ("no issuer", sign(without("iss")), BAD),
        ("wrong issuer", sign({**GOOD, "iss": "https://issuer.test.evil"}), NOT_OURS),
        ("no subject", sign(without("sub")), BAD),
        ("empty subject", sign({**GOOD, "sub": ""}), NOT_OURS),
        ("critical header", sign(GOOD, {"crit": ["exp"], "exp": 1}), BAD),
        ("unknown kid", sign(GOOD, {"kid": "nobody"}), BAD),
        ("kid that is a path", sign(GOOD, {"kid": "../../dev/null"}), BAD),
        ("alg none", by_hand({"alg": "none", "kid": kid}, GOOD, lambda _: b""), BAD),
        ("alg None", by_hand({"alg": "None", "kid": kid}, GOOD, lambda _: b""), BAD),
        ("no signature", f"{head}.{body}.", BAD),
        ("no third part", f"{head}.{body}", BAD),
        ("four parts", f"{good}.{tail}", BAD),
        ("changed claims", f"{head}.{encoded({**GOOD, 'sub': 'root'})}.{tail}", BAD),
        ("changed signature", f"{head}.{body}.{tail[:-4]}{'AAAA' if tail[-4:] != 'AAAA' else 'BBBB'}", BAD),
        ("signature of another algorithm", by_hand({"alg": "HS384", "kid": kid}, GOOD, lambda _: b"x" * 48), BAD),
        ("no token at all", "hello", BAD),
        ("empty parts", "..", BAD),
    ]


def main():
    sets = {}
    keys = {
        "RS256": rsa.generate_private_key(65537, 2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }
    others = {
        "RS256": rsa.generate_private_key(65537, 2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }
    for algorithm, key in keys.items():
        cases = []
        common(cases, algorithm, key, "one")
        cases.append(("wrong key", jwt.encode(GOOD, others[algorithm], algorithm, headers={"kid": "one"}), BAD))
        cases.append(("no kid with one key", jwt.encode(GOOD, key, algorithm), None))
        # The key that everybody knows, as if it were a shared secret (CVE-2015-9235).
        public = jwk(key, algorithm, "one")
        for name, secret in [("pem", pem(key)), ("jwk", json.dumps(public).encode())]:
            forged = by_hand(
                {"alg": "HS256", "kid": "one"}, GOOD, lambda m, s=secret: hmac.new(s, m, hashlib.sha256).digest()
            )
            cases.append((f"HS256 with the public key as secret, {name}", forged, BAD))
        # A key that the token brings along (CVE-2018-0114).
        carried = {"kid": "one", "jwk": json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(others[algorithm].public_key()))}
        cases.append(("key in the token", jwt.encode(GOOD, others[algorithm], algorithm, headers=carried), BAD))
        next_token = jwt.encode(GOOD, others[algorithm], algorithm, headers={"kid": "two"})
        sets[algorithm] = {
            "keys": {"keys": [public]},
            "next_keys": {"keys": [public, jwk(others[algorithm], algorithm, "two")]},
            "last_keys": {"keys": [jwk(others[algorithm], algorithm, "two")]},
            "next_token": next_token,
            "cases": cases,
        }
    # ECDSA signatures of zero (CVE-2022-21449).
    sets["ES256"]["cases"].append(("signature of zeros", by_hand({"alg": "ES256", "kid": "one"}, GOOD, lambda _: bytes(64)), BAD))
    secret, other = bytes(range(32)), bytes(range(32, 64))
    cases = []
    common(cases, "HS256", secret, "one")
    cases.append(("wrong key", jwt.encode(GOOD, other, "HS256", headers={"kid": "one"}), BAD))
    shared = [{"kty": "oct", "kid": kid, "alg": "HS256", "k": encoded(key)} for kid, key in [("one", secret), ("two", other)]]
    sets["HS256"] = {
        "keys": {"keys": shared[:1]},
        "next_keys": {"keys": shared},
        "last_keys": {"keys": shared[1:]},
        "next_token": jwt.encode(GOOD, other, "HS256", headers={"kid": "two"}),
        "cases": cases,
    }
    short = json.loads(jwt.get_algorithm_by_name("RS256").to_jwk(rsa.generate_private_key(65537, 1024).public_key()))
    private = json.loads(jwt.get_algorithm_by_name("RS256").to_jwk(others["RS256"]))
    out = {"now": NOW, "sets": sets, "short_rsa": {"keys": [short]}, "private_rsa": {"keys": [{"kty": "RSA", "n": private["n"], "e": private["e"], "d": "AAAA"}]}}
    path = Path(__file__).parent.parent / "tests/fixtures/tokens.json"
    path.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
