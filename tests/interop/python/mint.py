"""Mints a token with PyJWT for each algorithm: mint.py KEYS PAYLOAD, a JSON line each to stdout."""

import json
import pathlib
import sys

import jwt

ALGORITHMS = {
    "HS256": "secret",
    "HS384": "secret",
    "HS512": "secret",
    "RS256": "rsa",
    "RS384": "rsa",
    "RS512": "rsa",
    "PS256": "rsa",
    "PS384": "rsa",
    "PS512": "rsa",
    "ES256": "p256",
    "ES384": "p384",
    "ES512": "p521",
    "EdDSA": "ed25519",
}

keys, payload = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
for alg, name in ALGORITHMS.items():
    if name == "secret":
        signing, verifying = keys / "secret.bin", {"secret_file": str(keys / "secret.bin")}
    else:
        signing, verifying = keys / f"{name}.pem", {"pem_file": str(keys / f"{name}.pub.pem")}
    token = jwt.encode({**payload, "minter": "PyJWT"}, signing.read_bytes(), algorithm=alg)
    print(json.dumps({"minter": "PyJWT", "alg": alg, "token": token, "key": verifying}))
