"""Opens each JWE of docs/encrypted-cards.json with jwcrypto: the vectors are what another implementation reads, too.

Usage: vectors.py ENCRYPTED_CARDS_JSON
"""
import json
import sys

from jwcrypto import jwe, jwk

vectors = json.load(open(sys.argv[1], encoding="utf-8"))
key = jwk.JWK(**vectors["cardKey"], d=vectors["cardKeyPrivate"])
assert vectors["vectors"], "there are vectors"
for vector in vectors["vectors"]:
    opened = jwe.JWE()
    opened.deserialize(vector["jwe"], key=key)
    assert opened.payload.decode() == vector["plaintext"], vector["name"]
    assert opened.jose_header == vector["header"], vector["name"]
print(f"{len(vectors['vectors'])} vectors")
