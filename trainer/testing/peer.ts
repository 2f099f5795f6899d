/** The PyTorch process of a parity test: a script of `bench/peers` that answers each line with a line of JSON. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

export interface Peer {
  ask<Answer>(line: string): Promise<Answer>;
  close(): void;
}

export function openPeer(script: string): Peer {
  const peers = process.env['REPRISE_PEERS'];
  if (peers === undefined) throw new Error('REPRISE_PEERS names no Python environment: use "npm run test:nightly".');
  const program = join(import.meta.dirname, '../../bench/peers', script);
  const child = spawn(join(peers, 'bin', 'python'), [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  return {
    async ask<Answer>(line: string): Promise<Answer> {
      child.stdin.write(`${line}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('PyTorch ended without an answer.');
      return JSON.parse(value) as Answer;
    },
    close: () => child.stdin.end(),
  };
}

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** In the file as they are: the peer reads float32. */
  readonly values: Float32Array | Int32Array;
}

/** Writes tensors to `in.bin` of a folder, one after the other, and what they are to `in.json`, with more beside it. */
export function handOver(folder: string, tensors: readonly NamedTensor[], beside: object): void {
  const described = tensors.map(({ name, shape }) => ({ name, shape }));
  writeFileSync(join(folder, 'in.json'), JSON.stringify({ ...beside, tensors: described }));
  const bytes = tensors.map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  writeFileSync(join(folder, 'in.bin'), Buffer.concat(bytes));
}
