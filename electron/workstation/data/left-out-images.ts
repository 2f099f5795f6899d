/** Reads the record of the images that a run leaves out because their files are damaged. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { isMissing } from '../../../trainer/durable/files.ts';
import { openLine } from '../../../trainer/durable/sealed-line.ts';
import { LeftOutLine, leftOutFile } from '../../../trainer/protocol/left-out.ts';
import type { DataSource } from '../../../trainer/protocol/run.ts';
import { commonTo, inEnglish, kindOf, type Said } from '../../../trainer/protocol/sentence.ts';
import type { LeftOutImages } from '../../api/runs.ts';

/** Files that are named for each reason; all are counted. */
const mostNamed = 20;

/** A torn last line is being written, or was cut off by a power failure. */
function parseLine(line: string): LeftOutLine | null {
  try {
    return v.parse(LeftOutLine, JSON.parse(openLine(line) ?? ''));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof v.ValiError) return null;
    throw error;
  }
}

/** Names of the images that a run left out of a source as a whole. */
export async function namesLeftOut(
  folder: string,
  { fingerprint, path, split }: DataSource,
): Promise<readonly string[]> {
  const text = await readFile(join(folder, leftOutFile), 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    const parsed = line === '' ? null : parseLine(line);
    const isOfSource = parsed?.kind === 'image' && parsed.contents === (fingerprint ?? path) && parsed.split === split;
    return isOfSource && parsed.step === null ? [parsed.file] : [];
  });
}

function summarize(text: string): LeftOutImages {
  const seen = new Set<string>();
  const reasons = new Map<string, { reason: Said; images: number; readonly files: string[] }>();
  for (const line of text.split('\n')) {
    const parsed = line === '' ? null : parseLine(line);
    if (parsed?.kind !== 'image') continue;
    const { contents, split, file, reason } = parsed;
    const key = `${contents}\0${split}\0${file}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const known = reasons.get(kindOf(reason)) ?? { reason, images: 0, files: [] };
    reasons.set(kindOf(reason), known);
    known.reason = commonTo(known.reason, reason);
    known.images++;
    if (known.files.length < mostNamed) known.files.push(file);
  }
  return {
    images: seen.size,
    reasons: [...reasons.values()].sort(
      (one, other) => other.images - one.images || (inEnglish(one.reason) < inEnglish(other.reason) ? -1 : 1),
    ),
  };
}

/** Kept by path, size and time: a run's page asks at every change of the run. */
const kept = new Map<string, { readonly state: string; readonly images: LeftOutImages }>();
const mostKept = 50;

/** The images that a run leaves out, by reason, most frequent first. */
export async function readLeftOut(folder: string): Promise<LeftOutImages> {
  const path = join(folder, leftOutFile);
  try {
    const { size, mtimeMs } = await stat(path);
    const state = `${size} ${mtimeMs}`;
    const known = kept.get(path);
    if (known?.state === state) return known.images;
    const images = summarize(await readFile(path, 'utf8'));
    if (kept.size >= mostKept) kept.clear();
    kept.set(path, { state, images });
    return images;
  } catch (error) {
    if (isMissing(error)) return { images: 0, reasons: [] };
    throw error;
  }
}
