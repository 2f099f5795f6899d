/** The side of the process that may hang or crash: one picture at a time. */
import process from 'node:process';
import koffi from 'koffi';
import type { Sentence } from '../../protocol/sentence.ts';
import type { DeepGrey } from '../pixels/deep-grey.ts';
import { UnusableImage } from '../unusable-image.ts';
import type { ExaminePicture, PictureFacts } from './picture-facts.ts';

export interface ExaminingRequest {
  readonly bytes: Uint8Array;
  readonly deepGrey?: DeepGrey | undefined;
}

/** `ready` comes once, first. */
export type ExaminingReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'facts'; readonly facts: PictureFacts }
  | { readonly kind: 'unusable'; readonly reason: Sentence }
  | { readonly kind: 'failed'; readonly message: string };

/** prctl's PR_SET_PDEATHSIG: one that hangs does not notice that the program which started it was killed. */
function dieWithParent(): void {
  if (process.platform !== 'linux') return;
  const [setParentDeathSignal, kill] = [1, 9];
  koffi.load('libc.so.6').func('int prctl(int, unsigned long)')(setParentDeathSignal, kill);
}

export function serveExamining(examine: ExaminePicture): void {
  const send = process.send?.bind(process);
  if (!send) throw new Error('This program is started by another one and cannot be run by itself.');
  dieWithParent();
  const reply = (message: ExaminingReply) => void send(message);
  // Ctrl-C reaches every process of a terminal. This one ends with the program that started it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit());
  process.on('message', ({ bytes, deepGrey }: ExaminingRequest) => {
    examine(bytes, deepGrey).then(
      (facts) => reply({ kind: 'facts', facts }),
      (error: unknown) => {
        if (error instanceof UnusableImage) reply({ kind: 'unusable', reason: error.reason });
        else
          reply({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      },
    );
  });
  reply({ kind: 'ready' });
}
