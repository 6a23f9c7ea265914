// A card, encrypted in this page so that only the worker can open it: a JWE in compact form (RFC 7516), by ECDH-ES on P-256
// and A256GCM (RFC 7518, 4.6 and 5.3). docs/encrypting.md says what is inside. All of it is WebCrypto's.

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const ENCRYPTION = "A256GCM";
const KEY_BITS = 256;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts an object for a key, a JWK of `GET /card-keys`. Each call has an ephemeral key and a nonce of its own. */
export async function encrypt(content, { kid, kty, crv, x, y }) {
  const theirs = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, CURVE, false, []);
  const ours = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const key = await contentKey(ours.privateKey, theirs);
  const header = base64url(utf8(JSON.stringify({ alg: "ECDH-ES", enc: ENCRYPTION, typ: "JOSE", cty: "json", kid, epk: await point(ours.publicKey) })));
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const text = utf8(JSON.stringify(content));
  try {
    // The header, as it is sent, is authenticated with the text (RFC 7516, 5.1, step 14).
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: utf8(header), tagLength: 8 * TAG_BYTES }, key, text));
    // No key is encrypted, so the second part is empty.
    return [header, "", base64url(nonce), base64url(sealed.subarray(0, -TAG_BYTES)), base64url(sealed.subarray(-TAG_BYTES))].join(".");
  } finally {
    text.fill(0);
  }
}

/** The Concat KDF of RFC 7518, 4.6.2: SHA-256 over a counter, the secret, the algorithm, two parties without a name, the length. */
async function contentKey(ours, theirs) {
  const secret = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours, KEY_BITS));
  const algorithm = utf8(ENCRYPTION);
  const input = joined(number(1), secret, number(algorithm.length), algorithm, number(0), number(0), number(KEY_BITS));
  secret.fill(0);
  const key = await crypto.subtle.digest("SHA-256", input);
  input.fill(0);
  return crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
}

/** The header's `epk`: the point and nothing else of the key. */
async function point(publicKey) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  return { kty, crv, x, y };
}

/** 32 bits, the highest byte first. */
function number(value) {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function joined(...parts) {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

const utf8 = (text) => new TextEncoder().encode(text);

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
