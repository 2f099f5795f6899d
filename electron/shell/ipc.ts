/** The boundary to the window: sender check, parse, answer, fault. The only importer of ipcMain. */
import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import * as v from 'valibot';
import { faultOf } from '../../trainer/durable/fault-of.ts';
import type { Answer } from '../api/bridge.ts';
import type { Pushes } from '../api/pushes.ts';
import { requestNames, type Requests } from '../api/requests.ts';
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { Handler, Handlers } from '../workstation/requests.ts';
import { origin } from './app-protocol.ts';
import { excessOf } from './payload-size.ts';

/**
 * Accepts calls only from the main frame of a window we created, showing our own page (Electron security list, item
 * 17).
 */
export function isTrusted(
  event: Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>,
  known: ReadonlySet<number>,
): boolean {
  const frame = event.senderFrame;
  return (
    frame !== null &&
    known.has(event.sender.id) &&
    frame === event.sender.mainFrame &&
    frame.url.startsWith(`${origin}/`)
  );
}

const windows = new Set<number>();

export function trustWindow(contents: WebContents): void {
  const { id } = contents;
  windows.add(id);
  contents.once('destroyed', () => windows.delete(id));
}

/** @param opening what answers once the workspace is open; null if it cannot be opened, and the program is ending */
export function answerRequests(
  opening: Promise<Handlers | null>,
  logFault: (request: string, fault: Fault) => void,
): void {
  for (const name of requestNames) {
    ipcMain.handle(`workstation:${name}`, async (event, args: unknown): Promise<Answer<unknown>> => {
      if (!isTrusted(event, windows)) {
        const fault: Fault = { code: 'bad-argument', message: `Refused "${name}" from an unknown sender.`, values: {} };
        logFault(name, fault);
        return { ok: false, fault };
      }
      const handlers = await opening;
      if (handlers === null) return refused(name, ': the workspace is not open');
      const answer = await answerOne(handlers[name] as Handler<typeof name>, name, args);
      if (!answer.ok) logFault(name, answer.fault);
      return answer;
    });
  }
}

/**
 * Parses the arguments of one request and answers it; every failure becomes a value, since `invoke` keeps only an
 * error's message.
 */
export async function answerOne<K extends keyof Requests>(
  handler: Handler<K>,
  name: K,
  args: unknown,
): Promise<Answer<Awaited<ReturnType<Requests[K]>>>> {
  try {
    const excess = excessOf(args);
    if (excess !== null) return refused(name, `: ${excess}`);
    const parsed = v.safeParse(handler.args, args);
    if (!parsed.success) {
      const issue = parsed.issues[0];
      const path = v.getDotPath(issue);
      return refused(name, `${path === null ? '' : ` at ${path}`}: ${issue.message}`);
    }
    return { ok: true, value: (await handler.answer(...parsed.output)) as Awaited<ReturnType<Requests[K]>> };
  } catch (error) {
    return { ok: false, fault: faultOf(error) };
  }
}

function refused(request: string, why: string): Extract<Answer<never>, { readonly ok: false }> {
  const message = `"${request}" was called with a bad argument${why}`;
  return { ok: false, fault: { code: 'bad-argument', message, values: { request } } };
}

export function pushTo<K extends keyof Pushes>(
  contents: WebContents | null,
  name: K,
  values: Parameters<Pushes[K]>,
): void {
  if (contents !== null && !contents.isDestroyed()) contents.send(`push:${name}`, ...values);
}
