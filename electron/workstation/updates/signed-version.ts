/**
 * A signed description of the newest version: JSON with the description as a text, and the Ed25519 signature of exactly the bytes of
 * that text. `scripts/sign-update.mjs` writes it.
 */
import { createPublicKey, verify } from 'node:crypto';
import * as v from 'valibot';
import { FaultError } from '../../../trainer/durable/fault-error.ts';
import { inEnglish, said, type Sentence } from '../../../trainer/protocol/sentence.ts';
import type { Version } from '../../api/updates.ts';

/** Of the description; a build has both from its package.json. */
export interface UpdateSource {
  readonly address: string;
  /** Ed25519, as base64 of its SPKI in DER. */
  readonly publicKey: string;
}

/** Null for an address that no build should have. */
export const hostOf = ({ address: asked }: UpdateSource): string | null =>
  URL.canParse(asked) ? new URL(asked).host : null;

const Signed = v.object({ version: v.pipe(v.string(), v.maxLength(60_000)), signature: v.string() });

const number = String.raw`(0|[1-9]\d{0,5})`;
const versionNumber = new RegExp(`^${number}\\.${number}\\.${number}$`);
const text = v.pipe(v.string(), v.maxLength(5_000));
const address = v.pipe(v.string(), v.maxLength(1_000), v.startsWith('https://'), v.url());

/** Later versions may say more. */
const Description = v.object({
  version: v.pipe(v.string(), v.regex(versionNumber)),
  date: v.pipe(v.string(), v.isoDate()),
  notes: v.object({ en: text, zh: text }),
  page: address,
  files: v.record(
    v.pipe(v.string(), v.maxLength(40)),
    v.pipe(
      v.array(
        v.object({
          address,
          sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
          bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
        }),
      ),
      v.maxLength(20),
    ),
  ),
});

export const updateFault = (reason: Sentence): FaultError =>
  new FaultError('update-failed', `${inEnglish(reason)}.`, {}, { reason });

/** @returns below zero if `one` is the older version, zero if they are equal */
export function compareVersions(one: string, other: string): number {
  const numbersOf = (version: string): readonly number[] => versionNumber.exec(version)?.slice(1).map(Number) ?? [];
  const [left, right] = [numbersOf(one), numbersOf(other)];
  return left.map((value, at) => value - (right[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

function parsed<T extends v.GenericSchema>(schema: T, bytes: string, from: string): v.InferOutput<T> {
  let value: unknown;
  try {
    value = JSON.parse(bytes);
  } catch {
    value = null;
  }
  const read = v.safeParse(schema, value);
  if (!read.success) throw updateFault(said`${from} does not hold a signed description of a version`);
  return read.output;
}

function isSigned(bytes: string, signature: string, publicKey: string): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  return key.asymmetricKeyType === 'ed25519' && verify(null, Buffer.from(bytes), key, Buffer.from(signature, 'base64'));
}

/**
 * Reads what the source gave. Nothing in it is looked at before its signature has been found to be the build's own.
 *
 * @param platform as in `linux-x64`
 */
export function readSignedVersion(bytes: string, source: UpdateSource, platform: string): Version {
  const { version: signed, signature } = parsed(Signed, bytes, source.address);
  if (!isSigned(signed, signature, source.publicKey))
    throw updateFault(
      said`The signature in ${source.address} is not of the key that this build trusts. Nothing of it was used`,
    );
  const { files, ...described } = parsed(Description, signed, source.address);
  const own = { ...described, files: Object.hasOwn(files, platform) ? (files[platform] ?? []) : [] };
  const { host } = new URL(source.address);
  for (const { address: named } of [{ address: own.page }, ...own.files])
    if (new URL(named).host !== host)
      throw updateFault(said`${source.address} names ${named}, which is not on ${host}. Nothing of it was used`);
  return own;
}
