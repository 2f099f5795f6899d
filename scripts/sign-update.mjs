/**
 * `node scripts/sign-update.mjs VERSION.json KEY.pem OUT.json`: signs the description of a version with an Ed25519 key, for the
 * address that a build asks for updates (`updates` in its package.json). It prints the public key of that build.
 *
 *   {
 *     "version": "1.2.0", "date": "2026-12-01", "notes": { "en": "…", "zh": "…" }, "page": "https://…",
 *     "files": { "linux-x64": [{ "address": "https://…", "sha256": "…", "bytes": 1 }] }
 *   }
 *
 * A key is made by `openssl genpkey -algorithm ed25519 -out KEY.pem`. All addresses must be on the host of the description.
 */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const [description, key, out, ...more] = process.argv.slice(2);
if (description === undefined || key === undefined || out === undefined || more.length > 0) {
  console.error('node scripts/sign-update.mjs VERSION.json KEY.pem OUT.json');
  process.exit(2);
}
const privateKey = createPrivateKey(readFileSync(key));
if (privateKey.asymmetricKeyType !== 'ed25519') {
  console.error(`${key} holds a key of type ${String(privateKey.asymmetricKeyType)}; an Ed25519 key is needed.`);
  process.exit(1);
}
const version = JSON.stringify(JSON.parse(readFileSync(description, 'utf8')));
const signature = sign(null, Buffer.from(version), privateKey).toString('base64');
writeFileSync(out, `${JSON.stringify({ version, signature }, null, 2)}\n`);
console.log(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'));
