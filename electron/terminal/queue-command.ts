/** The queue from the terminal: listed with its expected ends, put into another order, runs taken out of it. */
import { FaultError } from '../../trainer/durable/fault-error.ts';
import type { RunRow } from '../api/runs.ts';
import type { QueuedRun } from '../api/queue.ts';
import { usage } from './arguments.ts';
import { exitCodes } from './help.ts';
import { oneLine } from './printable.ts';
import { runId, show, waitText, type Command } from './read-commands.ts';
import type { Session } from './session.ts';
import { duration, tableOf, type Column } from './table.ts';

export const queue: Command = async (session, args) => {
  const [what, ...rest] = args.words;
  const { moveInQueue, cancelQueued } = session.handlers;
  if (what === 'move') {
    const place = rest.pop();
    const position = place === 'top' ? 1 : Number(place);
    if (rest.length === 0 || !Number.isInteger(position) || position < 1)
      throw usage('"queue move" needs runs, then their place in the queue: a number from 1, or "top".');
    await moveInQueue.answer(await idsOf(session, rest), position);
  } else if (what === 'cancel') {
    if (rest.length === 0) throw usage('"queue cancel" needs runs.');
    const ids = await idsOf(session, rest);
    const order = (await session.handlers.queue.answer()).map(({ run }) => run);
    const lacking = ids.find((id) => !order.includes(id));
    if (lacking !== undefined)
      throw new FaultError('not-available', `Run "${lacking}" is not queued.`, { run: lacking });
    await cancelQueued.answer(ids);
  } else if (what !== undefined) throw usage(`"queue ${what}": expected move or cancel.`);
  const queued = await session.handlers.queue.answer();
  const runs = await session.handlers.runs.answer();
  show(session, args, queued, () => queueText(queued, runs, session));
  return exitCodes.done;
};

async function idsOf(session: Session, given: readonly string[]): Promise<readonly string[]> {
  return Promise.all(given.map((one) => runId(session, one)));
}

export function queueText(queued: readonly QueuedRun[], runs: readonly RunRow[], { words, room }: Session): string {
  if (queued.length === 0) return words.say('nothing');
  const columns: readonly Column[] = [
    { title: words.say('place'), holds: 'figures' },
    { title: words.say('id'), holds: 'name' },
    { title: words.say('title'), holds: 'text' },
    { title: words.say('waitsFor'), holds: 'text' },
    { title: words.say('doneIn'), holds: 'figures' },
  ];
  const rows = new Map(runs.map((row) => [row.id, row]));
  const lines = queued.map(({ run, endsAt, isRough }, at) => {
    const row = rows.get(run);
    return [
      String(at + 1),
      run,
      oneLine(row?.title ?? run),
      row === undefined || row.waitsFor === null ? '' : waitText(row.waitsFor, rows, words),
      endsAt === null ? '–' : `${isRough ? '≈ ' : ''}${duration(Math.max(0, (endsAt - Date.now()) / 1000))}`,
    ];
  });
  return tableOf(columns, lines, room);
}
