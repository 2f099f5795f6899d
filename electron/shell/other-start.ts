/**
 * Another start of the program while this one is open. The same version on the same workspace is this one: its window comes to the
 * front. Anything else must not be taken for it, and is told: it has ended by then, for one program has the window's profile.
 */
import { app, dialog, type BrowserWindow } from 'electron';
import * as v from 'valibot';
import { filled } from '../words/faults.ts';
import { rememberedHome } from './home.ts';
import type { Words } from './words.ts';

const Start = v.object({ version: v.string(), home: v.string() });
type Start = v.InferOutput<typeof Start>;

const ownStart = (): Start => ({ version: app.getVersion(), home: rememberedHome() });

/** @returns false if the program is open already, and has been told of this start */
export const isOnlyStart = (): boolean => app.requestSingleInstanceLock(ownStart());

/** What a person is told of a start that was not this program's; null if it was. */
export function tellingOf(text: Words, own: Start, other: unknown): { message: string; detail: string } | null {
  const read = v.safeParse(Start, other);
  if (!read.success || (read.output.version === own.version && read.output.home === own.home)) return null;
  const { version, home } = read.output;
  const values = { version, home, ownVersion: own.version, ownHome: own.home };
  return { message: filled(text.otherStart, values), detail: filled(text.otherStartDetail, values) };
}

/** @returns true if it was another program's start, of which the person has been told */
export function tellOfOtherStart(window: BrowserWindow | null, text: Words, other: unknown): boolean {
  const telling = tellingOf(text, ownStart(), other);
  if (telling === null) return false;
  const options = { type: 'warning' as const, ...telling };
  void (window === null ? dialog.showMessageBox(options) : dialog.showMessageBox(window, options));
  return true;
}
