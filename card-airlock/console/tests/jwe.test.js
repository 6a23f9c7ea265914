// The encryption of a card, without a browser: what the page makes is opened with Node's own cryptography.

import assert from "node:assert/strict";
import { createDecipheriv, createECDH, createHash } from "node:crypto";
import { test } from "node:test";
import { encrypt } from "../js/jwe.js";

const CARD = { CreditCard: "6011 0009 9013 9424", CardExpiry: "12/39", CustomerOrder: "ä-1", Owner: "a", IssuedAt: "2026-11-29T12:00:00.000Z" };

/** A key of `GET /card-keys`, and who can open what is encrypted for it. */
function cardKey() {
  const pair = createECDH("prime256v1");
  const point = pair.generateKeys();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString("base64url"));
  return { pair, jwk: { kty: "EC", crv: "P-256", x, y, kid: "0a0b0c0d-0e0f-5a0b-8c0d-0e0f0a0b0c0d", use: "enc", alg: "ECDH-ES" } };
}

/** Opens a JWE by RFC 7516, 5.2. */
function opened(jwe, pair) {
  const [header, key, nonce, text, tag] = jwe.split(".");
  assert.equal(key, "");
  const said = JSON.parse(Buffer.from(header, "base64url"));
  const coordinates = ["x", "y"].map((name) => Buffer.from(said.epk[name], "base64url"));
  const secret = pair.computeSecret(Buffer.concat([Buffer.of(4), ...coordinates]));
  const number = (value) => Buffer.of(0, 0, value >> 8, value & 255);
  const input = [number(1), secret, number(7), Buffer.from("A256GCM"), number(0), number(0), number(256)];
  const decipher = createDecipheriv("aes-256-gcm", createHash("sha256").update(Buffer.concat(input)).digest(), Buffer.from(nonce, "base64url"));
  decipher.setAAD(Buffer.from(header)).setAuthTag(Buffer.from(tag, "base64url"));
  return { header: said, content: JSON.parse(Buffer.concat([decipher.update(Buffer.from(text, "base64url")), decipher.final()])) };
}

test("what is encrypted opens with the key's other half, and the header is as docs/encrypting.md has it", async () => {
  const { pair, jwk } = cardKey();
  const jwe = await encrypt(CARD, jwk);
  assert.match(jwe, /^[\w-]+\.\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/);
  assert.ok(jwe.length <= 2048);
  const { header, content } = opened(jwe, pair);
  assert.deepEqual(content, CARD);
  const { epk, ...rest } = header;
  assert.deepEqual(rest, { alg: "ECDH-ES", enc: "A256GCM", typ: "JOSE", cty: "json", kid: jwk.kid });
  assert.deepEqual({ ...epk, x: epk.x.length, y: epk.y.length }, { kty: "EC", crv: "P-256", x: 43, y: 43 });
});

test("nothing is used twice: neither the ephemeral key nor the nonce", async () => {
  const { jwk } = cardKey();
  const all = await Promise.all(Array.from({ length: 20 }, () => encrypt(CARD, jwk)));
  for (const part of [0, 2, 3, 4]) assert.equal(new Set(all.map((jwe) => jwe.split(".")[part])).size, 20, `part ${part}`);
});

test("a key that is no point of the curve encrypts nothing", async () => {
  const { jwk } = cardKey();
  await assert.rejects(encrypt(CARD, { ...jwk, x: jwk.y }));
  await assert.rejects(encrypt(CARD, { ...jwk, crv: "P-384" }));
});
