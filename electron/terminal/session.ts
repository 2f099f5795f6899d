/** One command's hold on a workstation: opened for reading or writing, its progress shown, Ctrl-C obeyed. */
import type { PlanRow } from '../api/plans.ts';
import type { Pushes } from '../api/pushes.ts';
import type { Progress, RunRow } from '../api/runs.ts';
import { asksHowToGoOn } from '../../trainer/protocol/fault.ts';
import { defaultHome } from '../workstation/workspace/home.ts';
import type { Installation } from '../workstation/installation.ts';
import type { Push } from '../workstation/request-types.ts';
import { openWorkstation, type Workstation } from '../workstation/workstation.ts';
import type { Arguments } from './arguments.ts';
import { createTerminalDesktop } from './desktop.ts';
import { oneLine, printable } from './printable.ts';
import { createProgressLine, leftText, type Output, type ProgressLine } from './progress.ts';
import { bytes, duration, measuredText } from './table.ts';
import { listenForTry, type Input } from './try-again.ts';
import type { Words } from './words.ts';

export interface Surroundings extends Installation {
  readonly env: NodeJS.ProcessEnv;
  readonly out: Output;
  readonly err: Output;
  /** Where a person types, if it is a terminal. */
  readonly input?: Input;
  readonly trainer?: string;
}

export interface Session extends Workstation {
  readonly home: string;
  readonly words: Words;
  readonly line: ProgressLine;
  readonly print: (text: string) => void;
  /** Places in a line of what is printed. */
  readonly room: number;
  /** Waits until the work is done or Ctrl-C has stopped it; true: stopped. */
  readonly work: () => Promise<boolean>;
}

export async function openSession(
  args: Arguments,
  surroundings: Surroundings,
  words: Words,
  mode: 'read' | 'write',
): Promise<Session> {
  const { env, err, out, input, trainer, window, ...installation } = surroundings;
  const home = args.home ?? defaultHome(env);
  const print = (text: string): void => void out.write(`${printable(text)}\n`);
  const line = createProgressLine(err, words, () => performance.now());
  const teller = createTeller(line, words, mode);
  const opened = await openWorkstation({
    ...installation,
    home,
    push: teller.push,
    drain: 'own',
    write: mode === 'write',
    complain: line.say,
    desktop: createTerminalDesktop({ window, home, env, print }),
    ...(trainer === undefined ? {} : { trainer }),
  });
  const { upgrade } = await opened.handlers.about.answer();
  if (upgrade !== null) line.say(words.upgraded(upgrade));
  await teller.begin(opened);
  const stopper = listenForStop(opened, (text) => line.say(words.say(text)));
  const asker = listenForTry(opened, input);
  teller.whenHeld(asker.listen);
  return {
    ...opened,
    home,
    words,
    line,
    print,
    room: roomOf(out),
    work: async () => {
      await opened.whenIdle();
      await teller.settled();
      await stopper.stopped();
      line.end();
      return stopper.isAsked();
    },
    close: async (how) => {
      await opened.close(how);
      stopper.release();
      asker.release();
      line.end();
    },
  };
}

/** Newest lines of a run's log that are looked through for notices. */
const noticesLookedAt = 40;

interface Teller {
  readonly push: Push;
  /** Takes note of the runs as they are: only later changes are told. */
  readonly begin: (workstation: Workstation) => Promise<void>;
  /** Calls when something waits that can be tried again. */
  readonly whenHeld: (call: () => void) => void;
  /** Resolves once every change so far has been told. */
  readonly settled: () => Promise<void>;
}

/** Tells what a run says of its checkpoints in this session, each notice once. */
function noticeTeller(line: ProgressLine, words: Words) {
  const told = new Set<string>();
  const openedAt = Date.now();
  return async ({ handlers }: Workstation, { id, title }: RunRow): Promise<void> => {
    for (const notice of await handlers.log.answer(id, noticesLookedAt)) {
      const text = notice.at < openedAt ? null : words.checkpointNotice(notice);
      const key = `${id} ${notice.at} ${notice.code} ${text}`;
      if (text === null || told.has(key)) continue;
      told.add(key);
      line.say(`${oneLine(title)}${words.report.colon}${text}`);
    }
  };
}

/** Tells progress as it is pushed, and the state of a run when it changes. */
function createTeller(line: ProgressLine, words: Words, mode: 'read' | 'write'): Teller {
  const titles = new Map<string, string>();
  const seen = new Map<string, RunRow['status']>();
  /** Of each run the pause last told that nobody asked for. */
  const pauses = new Map<string, string>();
  const tellNotices = noticeTeller(line, words);
  let workstation: Workstation | null = null;
  let heldNow: () => void = () => undefined;
  let telling: Promise<void> = Promise.resolve();

  async function tellChanges(): Promise<void> {
    if (workstation === null) return;
    for (const row of await workstation.handlers.runs.answer()) {
      titles.set(row.id, row.title);
      const before = seen.get(row.id);
      seen.set(row.id, row.status);
      if (row.status === 'running' || before === 'running') await tellNotices(workstation, row);
      if (before === undefined || before === row.status || row.status === 'queued') continue;
      if (isOver(row.status)) line.end();
      line.say(changeText(row, words));
      if (row.plan === null || row.status !== 'done') continue;
      const plan = (await workstation.handlers.plans.answer()).find((one) => one.plan.id === row.plan);
      if (plan !== undefined && plan.state !== 'done') line.say(planText(plan, words));
    }
  }

  function tellPause({ run, step, pausedBy }: Progress): void {
    if (pausedBy === null) return;
    // A try that fails begins the same pause again; what is free at the moment does not make it another.
    const { path = pausedBy.message } = pausedBy.values;
    const pause = JSON.stringify([step, pausedBy.code, path]);
    if (pauses.get(run) === pause) return;
    pauses.set(run, pause);
    heldNow();
    line.say(`${oneLine(titles.get(run) ?? run)}${words.report.colon}${words.pausedBy(pausedBy)}`);
  }
  return {
    push: (name, ...values) => {
      if (name === 'progress') {
        const [progress] = values as Parameters<Pushes['progress']>;
        // The last word of a run may come after its end was told.
        if (isOver(seen.get(progress.run))) return;
        tellPause(progress);
        line.progress(progress, titles.get(progress.run) ?? progress.run);
      } else if (name === 'job') {
        line.job(...(values as Parameters<Pushes['job']>));
      } else if (name === 'contentsChecked') {
        line.say(words.contentsChecked(...(values as Parameters<Pushes['contentsChecked']>)));
      } else if (name === 'trainerLeft') {
        line.say(words.trainerLeft(...(values as Parameters<Pushes['trainerLeft']>)));
      } else if (name === 'recordsHeld') {
        const [fault] = values as Parameters<Pushes['recordsHeld']>;
        line.say(words.recordsHeld(fault));
        if (fault !== null) heldNow();
      } else if (name === 'runsChanged' && mode === 'write') {
        // A fault here would be a fault of the next answer too; that one is told.
        telling = telling.then(tellChanges).catch(() => undefined);
      }
    },
    begin: async (opened) => {
      workstation = opened;
      for (const row of await opened.handlers.runs.answer()) {
        titles.set(row.id, row.title);
        seen.set(row.id, row.status);
      }
    },
    whenHeld: (call) => (heldNow = call),
    settled: () => telling,
  };
}

function isOver(status: RunRow['status'] | undefined): boolean {
  return status === 'done' || status === 'failed' || status === 'stopped' || status === 'interrupted';
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal stops safely, the second at once. */
function listenForStop(workstation: Workstation, say: (text: 'stopping' | 'stoppingNow') => void) {
  let stops = 0;
  let stopping: Promise<void> = Promise.resolve();
  const onSignal = (): void => {
    stops += 1;
    say(stops === 1 ? 'stopping' : 'stoppingNow');
    void workstation.handlers.cancelJob.answer();
    const closing = workstation.close(stops === 1 ? 'safely' : 'now');
    if (stops === 1) stopping = closing;
  };
  for (const signal of stopSignals) process.on(signal, onSignal);
  return {
    isAsked: () => stops > 0,
    stopped: () => stopping,
    release: () => {
      for (const signal of stopSignals) process.off(signal, onSignal);
    },
  };
}

/** Width where no terminal states its own: a file, a pipe. */
const usualRoom = 100;
const leastRoom = 40;

export function roomOf({ isTTY, columns }: Output): number {
  return isTTY === true && columns ? Math.max(leastRoom, columns) : usualRoom;
}

/** How much of a plan is left, in runs and, once every kind of run has been timed, in hours. */
export function planText(row: PlanRow, words: Words): string {
  const open = row.runs.filter((one) => one.status !== 'done').length;
  const left = row.secondsLeft === null ? '' : `, ${leftText(row.secondsLeft, null, words)}`;
  return `${words.say('plan')} "${row.plan.title[words.language]}": ${words.runsLeft(open)}${left}`;
}

/**
 * The runs of a plan that a start of it does not start: those that wait for a decision, each with the reason and the
 * command that gives it, and those that wait for such a run.
 */
export function waitTexts({ plan, runs }: PlanRow, words: Words): readonly string[] {
  const { colon } = words.report;
  const titles = new Map(plan.runs.map(({ key, config }) => [key, config.title]));
  const titleOf = (key: string): string => oneLine(titles.get(key) ?? key);
  return runs.flatMap(({ key, run, waits }) => {
    if (waits?.for !== 'decision') return [];
    const behind = runs.filter(({ waits: other }) => other?.for === 'run' && other.key === key);
    const others = behind.map((other) => titleOf(other.key)).join(words.say('listComma'));
    return [
      `${titleOf(key)}${colon}${words.say('decision')}`,
      `  ${words.fault(waits.fault)}`,
      `  reprise resume ${run}${asksHowToGoOn(waits.fault) ? ' --set whenNotFinite.policy=skip|lower-rate|clip' : ''}`,
      ...(others === '' ? [] : [`  ${words.say('waiting')}${colon}${others}`]),
    ];
  });
}

function changeText(row: RunRow, words: Words): string {
  const parts = [`${words.status(row.status)}  ${oneLine(row.title)}`];
  const { startedAt, endedAt, headline } = row;
  if (row.status === 'done' && startedAt !== null && endedAt !== null)
    parts.push(duration((endedAt - startedAt) / 1000));
  if (row.status === 'done' && headline !== null && headline.value !== null)
    parts.push(`${words.metric(headline.metric)} ${measuredText(headline)}`);
  if (row.status === 'done') parts.push(bytes(row.diskBytes));
  if (row.fault !== null) parts.push(words.fault(row.fault));
  return parts.join('  ');
}
