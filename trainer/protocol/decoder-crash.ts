/** A decoder that crashes takes the trainer with it: how that is told, and what is left in the run's folder. */

/** By which a program that does something forbidden ends. Others come from outside: a lack of memory, a person. */
export const crashSignals: ReadonlySet<unknown> = new Set([
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGABRT',
  'SIGTRAP',
  'SIGSYS',
]);

/** A file in which decoding workers note what they decode; removed when they end. @param contents by which it is told from others */
export const decodingNotesFile = (contents: string, number: number): string => `decoding-${contents}-${number}.signs`;

export const isDecodingNotes = (name: string): boolean => /^decoding-.*\.signs$/.test(name);
