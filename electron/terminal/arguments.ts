/** Parses the command line. An unknown word is rejected by name. */
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { FaultError } from '../../trainer/durable/fault-error.ts';
import { Reading } from '../../trainer/protocol/dataset.ts';
import { DetectionRules } from '../../trainer/protocol/detections.ts';
import { Convention } from '../../trainer/protocol/weights.ts';
import { reportFormats } from '../workstation/report/formats.ts';
import type { ReportFormat } from '../api/reports.ts';
import type { TerminalLanguage } from './words.ts';

export interface Arguments {
  readonly command: string;
  readonly words: readonly string[];
  readonly home: string | null;
  readonly json: boolean;
  /** Rows of a query with commas between their values. */
  readonly csv: boolean;
  /** Also lists every reason for a verdict. */
  readonly verbose: boolean;
  readonly lang: TerminalLanguage | null;
  readonly help: boolean;
  readonly version: boolean;
  readonly method: string | null;
  readonly preset: string | null;
  readonly dataset: string | null;
  readonly evaluator: string | null;
  readonly seed: number;
  /** Number of seeds of a plan's runs; null: as the plan says. */
  readonly seeds: number | null;
  readonly title: string | null;
  readonly split: string | null;
  /** Check every image, also in a large data set. */
  readonly contents: boolean;
  /** Take the curves of what is imported, to be drawn under one's own. */
  readonly curves: boolean;
  /** Export the curves instead of the encoder. */
  readonly tensorboard: boolean;
  /** Import weights although their statistics say that they were loaded in a wrong order. */
  readonly anyway: boolean;
  /** Install a build of TensorFlow, from files of this folder if one is named, or remove it. */
  readonly install: boolean;
  readonly from: string | null;
  readonly remove: boolean;
  readonly out: string | null;
  /** Typed as 1 or 2, as the window counts them. */
  readonly branch: 0 | 1;
  /** Attention heads of a vision transformer that is imported; null: as many as programs have. */
  readonly heads: number | null;
  /** How an imported network of detectron2 sees pictures; null: as the file tells. */
  readonly convention: Convention | null;
  readonly plan: string | null;
  /** Title that all others are compared with. */
  readonly baseline: string | null;
  /** Epoch of trained heads; null: as the paper's figure, where ours can be compared with it. */
  readonly epoch: 'last' | 'best' | null;
  /** By which detections are counted; null: those of the data set. */
  readonly rules: DetectionRules | null;
  readonly formats: readonly ReportFormat[];
  readonly set: readonly (readonly [path: string, value: unknown])[];
  /** How the folder of the data is read, where it is said. */
  readonly reading: Reading | undefined;
}

export function parseCommandLine(given: readonly string[]): Arguments {
  const { values, positionals } = read(given);
  const [command = 'help', ...words] = positionals;
  const seed = Number(values.seed ?? '1');
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw usage(`--seed ${String(values.seed)}: expected a whole number from 0 to 4294967295.`);
  const lang = values.lang ?? null;
  if (lang !== null && lang !== 'en' && lang !== 'zh') throw usage(`--lang ${lang}: expected en or zh.`);
  return {
    command,
    words,
    home: values.home ?? null,
    json: values.json === true,
    csv: values.csv === true,
    verbose: values.verbose === true,
    lang,
    help: values.help === true || command === 'help',
    version: values.version === true,
    method: values.method ?? null,
    preset: values.preset ?? null,
    dataset: values.dataset ?? null,
    evaluator: values.evaluator ?? null,
    seed,
    seeds: seedsOf(values.seeds),
    title: values.title ?? null,
    split: values.split ?? null,
    contents: values.contents === true,
    curves: values.curves === true,
    tensorboard: values.tensorboard === true,
    anyway: values.anyway === true,
    install: values.install === true,
    from: values.from ?? null,
    remove: values.remove === true,
    out: values.out ?? null,
    branch: branchOf(values.branch ?? '1'),
    heads: headsOf(values.heads),
    convention: conventionOf(values.convention),
    plan: values.plan ?? null,
    baseline: values.baseline ?? null,
    epoch: epochOf(values),
    rules: rulesOf(values.rules),
    formats: (values.format ?? reportFormats.join(',')).split(',').map(formatOf),
    set: (values.set ?? []).map((text) => assignmentOf(text)),
    reading: readingOf(values.read),
  };
}

function epochOf({ best, last }: { readonly best?: boolean; readonly last?: boolean }): 'last' | 'best' | null {
  if (best === true && last === true) throw usage('--best and --last: expected one of them.');
  return best === true ? 'best' : last === true ? 'last' : null;
}

function seedsOf(given: string | undefined): number | null {
  if (given === undefined) return null;
  const seeds = Number(given);
  if (Number.isInteger(seeds) && seeds >= 1 && seeds <= 100) return seeds;
  throw usage(`--seeds ${given}: expected a whole number from 1 to 100.`);
}

function read(given: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...given],
      allowPositionals: true,
      options: {
        home: text,
        lang: text,
        method: text,
        preset: text,
        dataset: text,
        evaluator: text,
        seed: text,
        seeds: text,
        title: text,
        split: text,
        out: text,
        from: text,
        branch: text,
        heads: text,
        convention: text,
        plan: text,
        baseline: text,
        format: text,
        rules: text,
        set: { type: 'string', multiple: true },
        read: { type: 'string', multiple: true },
        json: flag,
        csv: flag,
        verbose: flag,
        contents: flag,
        curves: flag,
        tensorboard: flag,
        anyway: flag,
        install: flag,
        remove: flag,
        best: flag,
        last: flag,
        help: { type: 'boolean', short: 'h' },
        version: flag,
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

export class UsageError extends FaultError {}
export function usage(message: string): UsageError {
  return new UsageError('bad-argument', `${message} Run "reprise --help" for the commands and options.`);
}

function branchOf(text: string): 0 | 1 {
  if (text !== '1' && text !== '2') throw usage(`--branch ${text}: expected 1 or 2.`);
  return text === '1' ? 0 : 1;
}

function readingOf(given: readonly string[] | undefined): Reading | undefined {
  if (given === undefined) return undefined;
  const named = Object.fromEntries(given.map((text) => assignmentOf(text, '--read')));
  const parsed = v.safeParse(Reading, named);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const key = v.getDotPath(issue) ?? '';
  throw usage(`--read ${key}=${String(named[key])}: ${issue.message}.`);
}

function headsOf(given: string | undefined): number | null {
  if (given === undefined) return null;
  const heads = Number(given);
  if (Number.isInteger(heads) && heads >= 1 && heads <= 64) return heads;
  throw usage(`--heads ${given}: expected a whole number from 1 to 64.`);
}

function conventionOf(given: string | undefined): Convention | null {
  if (given === undefined) return null;
  const parsed = v.safeParse(Convention, given);
  if (parsed.success) return parsed.output;
  throw usage(`--convention ${given}: expected one of ${Convention.options.join(', ')}.`);
}

function rulesOf(given: string | undefined): DetectionRules | null {
  if (given === undefined) return null;
  const parsed = v.safeParse(DetectionRules, given);
  if (parsed.success) return parsed.output;
  throw usage(`--rules ${given}: expected one of ${DetectionRules.options.join(', ')}.`);
}

function formatOf(name: string): ReportFormat {
  const found = reportFormats.find((format) => format === name);
  if (found === undefined) throw usage(`--format ${name}: expected one of ${reportFormats.join(', ')}.`);
  return found;
}

/** `batch=128`, `optimizer.options.rate=0.01`, `views.0.blur=0.5`: a value is JSON where it can be read as such, else text. */
export function assignmentOf(text: string, option = '--set'): readonly [string, unknown] {
  const at = text.indexOf('=');
  if (at <= 0) throw usage(`${option} ${text}: expected KEY=VALUE.`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value) as unknown];
  } catch {
    // No JSON: the text itself ("official-code").
    return [text.slice(0, at), value];
  }
}
