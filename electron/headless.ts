/** Composition root without a window: `reprise`, the same workstation from a terminal, under plain Node. */
import { resolve } from 'node:path';
import process from 'node:process';
import { faultOf } from '../trainer/durable/fault-of.ts';
import { parseCommandLine, UsageError } from './terminal/arguments.ts';
import { exitCodes, helpIn } from './terminal/help.ts';
import * as detections from './terminal/detection-commands.ts';
import { gpuBuild } from './terminal/gpu-build-command.ts';
import { lasting } from './terminal/outputs.ts';
import * as curves from './terminal/curves-commands.ts';
import { printable } from './terminal/printable.ts';
import { query } from './terminal/query-command.ts';
import { queue } from './terminal/queue-command.ts';
import * as read from './terminal/read-commands.ts';
import { openSession, type Surroundings } from './terminal/session.ts';
import { updates } from './terminal/updates-command.ts';
import * as work from './terminal/work-commands.ts';
import { wordsIn, type TerminalLanguage } from './terminal/words.ts';
import { installationIn } from './workstation/installation.ts';
import { systemLanguage } from './workstation/machine/program.ts';

const commands: Readonly<Record<string, { readonly run: read.Command; readonly mode: 'read' | 'write' }>> = {
  doctor: { run: read.doctor, mode: 'read' },
  'gpu-build': { run: gpuBuild, mode: 'read' },
  datasets: { run: read.datasets, mode: 'read' },
  presets: { run: read.presets, mode: 'read' },
  runs: { run: read.runs, mode: 'read' },
  weights: { run: read.weights, mode: 'read' },
  compare: { run: read.compare, mode: 'read' },
  report: { run: read.report, mode: 'read' },
  run: { run: work.run, mode: 'write' },
  resume: { run: work.resume, mode: 'write' },
  detections: { run: detections.detections, mode: 'read' },
  'evaluate-detections': { run: detections.evaluateDetections, mode: 'write' },
  evaluate: { run: work.evaluate, mode: 'write' },
  features: { run: work.features, mode: 'write' },
  export: { run: curves.exportRun, mode: 'write' },
  plan: { run: work.plan, mode: 'write' },
  queue: { run: queue, mode: 'write' },
  replay: { run: work.replay, mode: 'write' },
  import: { run: curves.importRun, mode: 'write' },
};

async function main(given: readonly string[], surroundings: Surroundings): Promise<number> {
  const args = parseCommandLine(given);
  const language = args.lang ?? systemLanguage(surroundings.env);
  if (args.version) surroundings.out.write(`${surroundings.version}${surroundings.edition}\n`);
  else if (args.help) surroundings.out.write(helpIn[language]);
  if (args.version || args.help) return exitCodes.done;
  if (args.command === 'query') return query(args, surroundings, wordsIn(language));
  if (args.command === 'updates') return updates(args, surroundings, wordsIn(language), language);
  const command = Object.hasOwn(commands, args.command) ? commands[args.command] : undefined;
  if (command === undefined)
    throw new UsageError(
      'bad-argument',
      `There is no command "${args.command}". Commands: ${[...Object.keys(commands), 'query', 'updates'].join(', ')}.`,
    );
  const words = wordsIn(language);
  // The lists of plans and of the queue change nothing.
  const isList = (args.command === 'plan' || args.command === 'queue') && args.words.length === 0;
  const mode = isList ? 'read' : command.mode;
  const session = await openSession(args, surroundings, words, mode);
  try {
    return await command.run(session, args);
  } finally {
    await session.close('safely');
  }
}

/** The language asked for, also where the command line is not understood. */
function languageOf(given: readonly string[]): TerminalLanguage {
  const [, asked] = /^--lang[=\n](en|zh)$/m.exec(given.join('\n')) ?? [];
  return asked === 'en' || asked === 'zh' ? asked : systemLanguage();
}

function codeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  const { code } = faultOf(error);
  if (code === 'locked' || code === 'busy') return exitCodes.locked;
  if (code === 'not-found' || code === 'unknown-id' || code === 'not-available' || code === 'wrong-folder')
    return exitCodes.missing;
  return code === 'cancelled' ? exitCodes.stopped : exitCodes.failed;
}

const outputs = { out: lasting(process.stdout), err: lasting(process.stderr) };

async function surroundingsOf(): Promise<Surroundings> {
  // The bundle lies in out/node.
  const appRoot = process.env['REPRISE_ROOT'] ?? resolve(import.meta.dirname, '..', '..');
  return {
    ...(await installationIn(appRoot, process.env)),
    node: process.execPath,
    env: process.env,
    ...outputs,
    input: process.stdin,
  };
}

// Node's own warnings are for those who write the program.
if (process.env['REPRISE_TRACE'] !== '1') process.removeAllListeners('warning');

try {
  const code = await main(process.argv.slice(2), await surroundingsOf());
  // What was asked for was done, but what it said is not where it should be.
  process.exitCode = code === exitCodes.done && outputs.out.lost() !== null ? exitCodes.failed : code;
} catch (error) {
  const { out, err } = outputs;
  err.write(`${printable(wordsIn(languageOf(process.argv.slice(2))).fault(faultOf(error)))}\n`);
  if (process.env['REPRISE_TRACE'] === '1' && error instanceof Error) err.write(`${error.stack ?? ''}\n`);
  if (process.argv.includes('--json')) out.write(`${printable(JSON.stringify({ fault: faultOf(error) }))}\n`);
  process.exitCode = codeOf(error);
}
