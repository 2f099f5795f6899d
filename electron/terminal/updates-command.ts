/** `reprise updates`: asks the host that this build names whether there is a newer version. It opens no workspace. */
import type { Version } from '../api/updates.ts';
import { checkForUpdate } from '../workstation/updates/check-for-update.ts';
import { usage, type Arguments } from './arguments.ts';
import { exitCodes } from './help.ts';
import { printable } from './printable.ts';
import { roomOf, type Surroundings } from './session.ts';
import { bytes } from './table.ts';
import { wrap } from './text-width.ts';
import type { TerminalLanguage, Words } from './words.ts';

export async function updates(
  args: Arguments,
  { updates: source, version, out }: Surroundings,
  words: Words,
  language: TerminalLanguage,
): Promise<number> {
  if (args.words.length > 0) throw usage('"updates" takes no words.');
  const newer = await checkForUpdate({ source, version });
  const text = newer === null ? words.isNewest(version) : described(newer, words, language, roomOf(out));
  out.write(`${printable(args.json ? JSON.stringify({ version, newer }, null, 2) : text)}\n`);
  return exitCodes.done;
}

function described(newer: Version, words: Words, language: TerminalLanguage, room: number): string {
  const { version, date, notes, page, files } = newer;
  return [
    words.isNewer(version, date),
    ...notes[language].split('\n').flatMap((line) => wrap(line, room)),
    page,
    ...files.flatMap(({ address, sha256, bytes: size }) => ['', address, `  ${bytes(size)}`, `  SHA-256 ${sha256}`]),
  ].join('\n');
}
