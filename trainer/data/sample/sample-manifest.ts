/** The manifest beside the built-in sample set: what it is, and the hash of every file. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

export const sampleManifestName = 'manifest.json';

export const SampleManifest = v.strictObject({
  format: v.literal(1),
  generator: v.literal('reprise-sample-set'),
  title: v.string(),
  licence: v.string(),
  seed: v.number(),
  size: v.number(),
  classes: v.array(v.string()),
  /** SHA-256 by path, `/` between folders. */
  files: v.record(v.string(), v.string()),
});
export type SampleManifest = v.InferOutput<typeof SampleManifest>;

/** The manifest of a folder, or null if it has none of ours. */
export async function readSampleManifest(folder: string): Promise<SampleManifest | null> {
  let text: string;
  try {
    text = await readFile(join(folder, sampleManifestName), 'utf8');
  } catch (error) {
    // No such file, or not a folder: then it is not the sample set, which is not an error.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw error;
  }
  // Another program's manifest.json may have any format.
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), SampleManifest), text);
  return parsed.success ? parsed.output : null;
}
