/** Whatever arrives on a channel of the window: a value or a fault, nothing outside the workspace, and the program lives on. */
import * as v from 'valibot';
import { expect, test, vi } from 'vitest';
import { isNightly } from '../../trainer/durable/testing/nightly.ts';
import { requestNames } from '../api/requests.ts';

vi.mock('electron', () => ({
  app: { getLocale: () => 'en', relaunch: () => undefined, quit: () => undefined, getPath: () => '/nowhere' },
  dialog: { showOpenDialog: () => Promise.resolve({ canceled: true, filePaths: [] }) },
  shell: {},
  protocol: {},
  net: {},
  session: {},
  ipcMain: {},
  nativeTheme: {},
  Menu: {},
}));
const { answerOne } = await import('./ipc.ts');
const { desktopHandlers } = await import('./desktop-handlers.ts');
const { attackRequests } = await import('./testing/attack-requests.ts');

const appearance = { text: () => ({}) as never, apply: () => undefined };

const attack = isNightly
  ? { payloadsPerRequest: 10_000, answersPerRequest: 300, answersPerCostlyRequest: 30 }
  : { payloadsPerRequest: 200, answersPerRequest: 12, answersPerCostlyRequest: 3 };

test(`${attack.payloadsPerRequest} hostile payloads to every request`, { timeout: 10_800_000 }, async () => {
  const outcome = await attackRequests(
    answerOne,
    (workstation) => desktopHandlers(workstation, appearance, () => null),
    attack,
  );
  console.log(
    `${requestNames.length} requests, ${outcome.payloads} payloads: ${outcome.refused} refused, ${outcome.answered} answered, of which ${outcome.faults} by a fault`,
  );
  const each = outcome.payloads / requestNames.length;
  expect(each).toBeGreaterThan(0.75 * attack.payloadsPerRequest);
  // Both sides of the schemas are tried.
  expect(outcome.refused).toBeGreaterThan(outcome.payloads / 4);
  expect(outcome.answered).toBeGreaterThan(2 * requestNames.length);
});

test('a payload is measured before it is parsed', async () => {
  const handler = { args: v.strictTuple([v.array(v.number())]), answer: () => Promise.resolve() };
  const told = async (payload: unknown): Promise<string | null> => {
    const answer = await answerOne(handler as never, 'thumbnails', payload);
    return answer.ok ? null : answer.fault.message;
  };
  const circle: unknown[] = [];
  circle.push(circle);
  expect(await told([new Array(2 ** 32 - 1)])).toContain('more than 500000 values');
  expect(await told([circle])).toContain('more than 64 levels');
  expect(await told(['x'.repeat(20_000_001)])).toContain('more than 20000000 characters');
  expect(await told([Array.from({ length: 400_000 }, () => 1)])).toBeNull();
});
