import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRefusedWrite } from '../../../trainer/durable/disk-fault.ts';
import type { TrainerEvent } from '../../../trainer/protocol/events.ts';
import { openStore, type StoreOptions } from './client.ts';
import type { Damaged } from './open.ts';
import {
  attemptOf,
  checkpoint,
  childScript,
  hello,
  metrics,
  migrationsFolder,
  pretrainConfig,
  result,
  stopped,
} from './testing/store-fixture.ts';
import type { Store } from './store.ts';

let folder = '';
const stores: Store[] = [];
const lines: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-store-'));
  lines.length = 0;
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(more: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openStore({
    node: process.execPath,
    script: childScript,
    database: join(folder, 'reprise.db'),
    migrations: migrationsFolder,
    env: process.env,
    log: (line) => lines.push(line),
    ...more,
  });
  stores.push(store);
  return store;
}

test('readings asked for together are done once, and never give what was before a writing that was asked for first', async () => {
  const store = await open();
  const run = (id: string) =>
    store.insertRun({
      id,
      config: pretrainConfig,
      folder: `/runs/${id}`,
      createdAt: 5,
      plan: null,
      planKey: null,
      status: 'draft',
    });
  await run('run-1');
  const [first, second, queued] = await Promise.all([store.runs(), store.runs(), store.runs('queued')]);
  expect(second).toBe(first);
  expect([first.length, queued.length]).toEqual([1, 0]);
  const before = store.runs();
  const written = run('run-2');
  const after = store.runs();
  expect([(await before).length, (await after).length]).toEqual([1, 2]);
  await written;
  await expect(Promise.all([store.run('run-1'), store.run('run-2')])).resolves.toMatchObject([
    { id: 'run-1' },
    { id: 'run-2' },
  ]);
  expect(await store.runs()).not.toBe(await after);
});

test('a run lives in the database from its first row to its last result', async () => {
  const store = await open();
  await store.insertRun({
    id: 'run-1',
    config: pretrainConfig,
    folder: '/runs/run-1',
    createdAt: 5,
    plan: 'first',
    planKey: 'main',
    status: 'queued',
  });
  await store.setQueue(['run-1']);
  expect(await store.queue()).toEqual(['run-1']);
  expect(await store.run('run-1')).toMatchObject({
    status: 'queued',
    queuePosition: 1,
    method: 'vicreg',
    step: 0,
    steps: null,
    safeStep: null,
  });

  await store.setQueue([]);
  await store.beginAttempt('run-1', { attempt: 1, fromStep: 0, startedAt: 90_000, pid: 77, pidStartedAt: 123 });
  expect(await store.openAttempts()).toEqual([{ run: 'run-1', attempt: 1, pid: 77, pidStartedAt: 123 }]);
  await store.apply(
    attemptOf('run-1', 1, [
      hello(0),
      metrics('loss', [
        [10, 25],
        [20, null],
        [30, 20],
      ]),
      checkpoint(30),
      { type: 'result', outcome: { kind: 'results', results: [result] } },
      {
        type: 'log',
        level: 'attention',
        code: 'slow-data',
        text: 'Waiting for data.',
        step: 25,
        values: { share: 0.5 },
      },
      stopped('done', 30),
    ]),
  );

  expect(await store.run('run-1')).toMatchObject({
    status: 'done',
    queuePosition: null,
    step: 30,
    steps: 30,
    safeStep: 30,
    attempts: 1,
    startedAt: 100_000,
    endedAt: 105_000,
    headline: { metric: 'top1', value: 86.5 },
    config: pretrainConfig,
  });
  expect(await store.openAttempts()).toEqual([]);
  expect(await store.lastApplied('run-1')).toEqual({ attempt: 1, sequence: 6 });
  expect(await store.series('run-1', 'loss', 100)).toEqual({
    name: 'loss',
    steps: [10, 20, 30],
    mean: [25, null, 20],
    min: [25, null, 20],
    max: [25, null, 20],
    discarded: [],
  });
  expect(await store.results(['run-1'])).toEqual([{ run: 'run-1', attempt: 1, result }]);
  expect(await store.checkpoints('run-1')).toMatchObject([{ step: 30, present: true, folder: 'checkpoints/000030' }]);
  expect(await store.log('run-1', 10)).toMatchObject([{ code: 'slow-data', values: { share: 0.5, step: 25 } }]);
  expect(await store.hello('run-1')).toEqual({
    device: 'cpu',
    threads: 1,
    instructionSet: 'avx2',
    versions: { tensorflow: '2.21.0' },
  });
  expect(await store.marks('run-1')).toEqual([
    { step: 25, kind: 'log', text: 'slow-data' },
    { step: 30, kind: 'checkpoint', text: 'steps' },
    { step: 30, kind: 'result', text: 'top1' },
  ]);
});

test('an event of an unknown run is refused and nothing of the call is kept', async () => {
  const store = await open();
  await store.insertRun({
    id: 'run-1',
    config: pretrainConfig,
    folder: '/runs/run-1',
    createdAt: 5,
    plan: null,
    planKey: null,
    status: 'queued',
  });
  const events = [...attemptOf('run-1', 1, [hello(0)]), ...attemptOf('nobody', 1, [hello(0)])];
  await expect(store.apply(events)).rejects.toMatchObject({ fault: { code: 'unknown-id', values: { run: 'nobody' } } });
  expect(await store.attempts('run-1')).toEqual([]);
});

/** Pid of the process that owns the test's database. */
function childPid(): number {
  const found = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(join(folder, 'reprise.db'));
    } catch {
      // It ended between the listing and the look.
      return false;
    }
  });
  expect(found).toHaveLength(1);
  return Number(found[0]);
}

const runRow = {
  id: 'run-1',
  config: pretrainConfig,
  folder: '/runs/run-1',
  createdAt: 5,
  plan: null,
  planKey: null,
  status: 'queued',
} as const;

test.runIf(process.platform === 'linux')(
  'a killed child is started again; what may be repeated is, and nothing is lost',
  async () => {
    const store = await open();
    await store.insertRun(runRow);
    await store.apply(attemptOf('run-1', 1, [hello(0)]));
    const [first] = attemptOf('run-1', 1, [metrics('loss', [[1, 1]])]);
    const before = childPid();
    process.kill(before, 'SIGSTOP');
    const calls = Array.from({ length: 100 }, (_, index) =>
      store.apply([
        { ...first, sequence: index + 2, points: [{ step: index + 1, name: 'loss', value: index }] } as TrainerEvent,
      ]),
    );
    const read = store.runs();
    process.kill(before, 'SIGKILL');
    await Promise.all(calls);
    expect(await read).toMatchObject([{ id: 'run-1', step: 100 }]);
    expect((await store.series('run-1', 'loss', 1000)).steps).toHaveLength(100);
    expect(childPid()).not.toBe(before);
    expect(lines.some((line) => line.includes('SIGKILL'))).toBe(true);
  },
);

test.runIf(process.platform === 'linux')(
  'a call that must not be repeated says that it is not known whether it was carried out',
  async () => {
    const store = await open();
    const pid = childPid();
    process.kill(pid, 'SIGSTOP');
    const insert = store.insertRun(runRow);
    // Delivered to the stopped child, never answered.
    await new Promise((wake) => setTimeout(wake, 50));
    process.kill(pid, 'SIGKILL');
    await expect(insert).rejects.toMatchObject({ fault: { code: 'store-died', retry: 'again' } });
    expect(await store.runs()).toEqual([]);
  },
);

test.runIf(process.platform === 'linux')(
  'a child that keeps dying is given up, and every question says so',
  async () => {
    const store = await open();
    let last: unknown = null;
    for (let death = 0; death < 6; death += 1) {
      process.kill(childPid(), 'SIGKILL');
      last = await store.runs().catch((error: unknown) => error);
    }
    expect(last).toMatchObject({ fault: { code: 'store-died' } });
    await expect(store.runs()).rejects.toThrow(/6 times within a minute/);
  },
);

test.runIf(process.platform === 'linux')(
  'close answers what was asked, refuses what comes later, and leaves no process',
  async () => {
    const store = await open();
    await store.insertRun(runRow);
    const pid = childPid();
    const asked = Array.from({ length: 50 }, (_, lines) => store.log(runRow.id, lines + 1));
    const closed = store.close();
    await expect(store.runs()).rejects.toMatchObject({ fault: { code: 'store-died' } });
    for (const answer of await Promise.all(asked)) expect(answer).toEqual([]);
    await closed;
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    // Closed properly: the write-ahead log is merged into the file.
    expect(readdirSync(folder)).toEqual(['reprise.db', 'reprise.db-sha256']);
  },
);

test.runIf(process.platform === 'linux')('the child exits when its parent is killed', async () => {
  const program = `
    import { openStore } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'client.ts')).href)};
    await openStore({ node: process.execPath, script: ${JSON.stringify(childScript)}, database: process.argv[1],
      migrations: ${JSON.stringify(migrationsFolder)}, env: process.env });
    console.log('open');`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', program, join(folder, 'reprise.db')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => parent.stdout.once('data', resolve));
  const pids = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || name === String(parent.pid)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(join(folder, 'reprise.db'));
    } catch {
      // It ended between the listing and the look.
      return false;
    }
  });
  expect(pids).toHaveLength(1);
  parent.kill('SIGKILL');
  await expect.poll(() => existsSync(`/proc/${pids[0]}`), { timeout: 10_000 }).toBe(false);
});

test('a second process reads while the first one writes', async () => {
  const writer = await open();
  await writer.insertRun(runRow);
  const reader = await open({ readonly: true });
  expect(await reader.runs()).toHaveLength(1);
  await writer.rename('run-1', 'New name');
  expect(await reader.run('run-1')).toMatchObject({ title: 'New name' });
  await expect(reader.rename('run-1', 'x')).rejects.toMatchObject({ fault: { code: 'write-failed' } });
});

test.runIf(process.platform === 'linux')(
  'a write that the disk refuses is a fault with path and reason, and reading goes on',
  async () => {
    // No file may grow beyond 300 KB: what a full disk, a quota and a limit do alike.
    const node = join(folder, 'node.sh');
    writeFileSync(node, `#!/bin/bash\nulimit -f 300\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    const database = join(folder, 'reprise.db');
    const store = await openStore({
      node,
      script: childScript,
      database,
      migrations: migrationsFolder,
      env: process.env,
    });
    stores.push(store);
    await store.insertRun(runRow);
    let refused: unknown = null;
    for (let size = 0; refused === null && size < 100; size += 1)
      refused = await store.note('run-1', 'x'.repeat(10_000 * size)).then(
        () => null,
        (error: unknown) => error,
      );
    expect(refused).toMatchObject({ fault: { values: { path: database } } });
    expect(isRefusedWrite(refused)).toBe(true);
    expect(await store.run('run-1')).toMatchObject({ id: 'run-1' });
    await store.note('run-1', 'short');
    expect(await store.run('run-1')).toMatchObject({ note: 'short' });
  },
);

test('a damaged database is kept and made anew when it is opened to write, and that is said', async () => {
  writeFileSync(join(folder, 'reprise.db'), 'not a database at all, '.repeat(500));
  await expect(open({ readonly: true })).rejects.toMatchObject({ fault: { code: 'corrupt-database' } });
  let told: Damaged | null = null;
  const store = await open({ damaged: (damaged) => (told = damaged) });
  await store.insertRun(runRow);
  expect(told).toMatchObject({ reason: expect.stringContaining('not a database') as string });
  expect(readFileSync(told!['kept'], 'utf8')).toMatch(/^not a database/);
});

test('a bit that flipped while it was closed is found', async () => {
  const before = await open();
  await before.insertRun(runRow);
  await before.close();
  const file = join(folder, 'reprise.db');
  const bytes = readFileSync(file);
  bytes[bytes.indexOf('"seed"') + 7]! ^= 1;
  writeFileSync(file, bytes);
  await expect(open({ readonly: true })).rejects.toMatchObject({ fault: { code: 'corrupt-database' } });
  const store = await open({ damaged: ({ reason }) => lines.push(reason) });
  expect(await store.runs()).toEqual([]);
  expect(lines.join()).toMatch(/not as it was when it was closed/);
});

test('a database that cannot be opened is a fault before anything is asked', async () => {
  await expect(
    openStore({
      node: '/nowhere/node',
      script: childScript,
      database: join(folder, 'x.db'),
      migrations: migrationsFolder,
      env: {},
    }),
  ).rejects.toMatchObject({
    fault: { code: 'store-died', message: expect.stringContaining('/nowhere/node') as string },
  });
});
