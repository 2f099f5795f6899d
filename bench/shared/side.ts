/** One side of a bench in a separate process: it reports its versions, then answers each line with a line of JSON. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { computingEnvironment } from '../../trainer/protocol/computing-environment.ts';

export interface Variant {
  readonly name: string;
  readonly program: string;
  readonly words: readonly string[];
  /** Beside this process's environment. */
  readonly environment?: NodeJS.ProcessEnv;
}

export interface Side<Answer> {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  ask(number: number): Promise<Answer>;
  close(): Promise<void>;
}

/** A program of `bench/peers` in the environment that `npm run bench` makes. */
export function peer(file: string, configuration: unknown): Pick<Variant, 'program' | 'words'> {
  const program = join(process.env['REPRISE_PEERS'] ?? join('.runtime', 'peers'), 'bin', 'python');
  if (!existsSync(program)) throw new Error(`There is no ${program}: "npm run bench" makes it.`);
  return { program, words: [join('bench', 'peers', file), JSON.stringify(configuration)] };
}

export async function openSide<Answer>({ name, program, words, environment = {} }: Variant): Promise<Side<Answer>> {
  const own = program === process.execPath ? computingEnvironment : {};
  const env = { ...process.env, ...own, ...environment };
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  const ended = once(child, 'exit');
  async function line<T>(): Promise<T> {
    const { value, done } = await lines.next();
    if (done) throw new Error(`"${name}" ended without an answer.`);
    return JSON.parse(value) as T;
  }
  const { versions } = await line<{ versions: Readonly<Record<string, string>> }>();
  return {
    name,
    versions,
    ask(number) {
      child.stdin.write(`${number}\n`);
      return line<Answer>();
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Runs every side in turn, round after round, so that other load on the machine affects all of them. */
export async function takeTurns<Answer>(
  sides: readonly Side<Answer>[],
  rounds: number,
  number: number,
  take: (side: Side<Answer>, answer: Answer) => void,
): Promise<void> {
  for (let round = 0; round < rounds; round++) for (const side of sides) take(side, await side.ask(number));
}

/** Each library once: `torch 2.13.0, …`. */
export function versionsOf(sides: readonly { readonly versions: Readonly<Record<string, string>> }[]): string {
  const found = Object.assign({}, ...sides.map((side) => side.versions)) as Readonly<Record<string, string>>;
  return Object.entries(found)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}
