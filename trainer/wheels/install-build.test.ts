/** A build from wheels over what networks, servers and people do: with a real server, over https, and small wheels. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeWheel } from '../durable/testing/make-wheel.ts';
import { downloadOf, missingOf, partsOf } from '../durable/wheel-folders.ts';
import { downloadEnvironment } from '../protocol/computing-environment.ts';
import type { Wheel } from '../protocol/wheels.ts';
import { installBuild, type Installation } from './install-build.ts';
import { localhostPem, serveIndex, type IndexServer } from './testing/index-server.ts';

setDefaultCACertificates([...getCACertificates('default'), readFileSync(localhostPem, 'utf8')]);

/** Bytes that do not pack, so that a wheel takes several parts on its way. */
function noise(length: number, seed: number): Buffer {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24),
  );
}
const contents = {
  'tensorflow==1.0': {
    'tensorflow/libone.so.2': noise(700_000, 1),
    'tensorflow/libtwo.so.2': Buffer.alloc(90_000, 'two'),
  },
  'nvidia-tool==2.0': { 'nvidia/tool/bin/tool': noise(400_000, 3) },
};

let folder: string;
let shop: string;
let wheels: readonly Wheel[];
let server: IndexServer;
const build = (): string => join(folder, 'builds', 'gpu-1.0');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-wheels-'));
  shop = join(folder, 'shop');
  wheels = [];
  for (const [requirement, files] of Object.entries(contents))
    wheels = [...wheels, await makeWheel(shop, requirement, files)];
  server = await serveIndex(shop, wheels);
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

function installation(given: Partial<Installation> = {}): Installation {
  return {
    wheels,
    folder: build(),
    index: server.index,
    from: null,
    pausesMs: [1, 1],
    silentMs: 20_000,
    clock: () => performance.now(),
    progress: () => Promise.resolve(),
    ...given,
  };
}
const install = (given?: Partial<Installation>): Promise<void> => installBuild(installation(given));

function expectInstalled(): void {
  for (const files of Object.values(contents))
    for (const [path, bytes] of Object.entries(files))
      expect(readFileSync(join(build(), path)).equals(bytes)).toBe(true);
  expect(statSync(join(build(), 'nvidia/tool/bin/tool')).mode & 0o777).toBe(0o755);
  expect(statSync(join(build(), 'tensorflow/libone.so.2')).mode & 0o777).toBe(0o644);
  expect(existsSync(join(build(), 'licence.txt'))).toBe(false);
  expect(existsSync(partsOf(build()).all)).toBe(false);
}
const expectNothing = (): void => expect(existsSync(build())).toBe(false);

test.each(['an index as JSON', 'an index of links'])(
  'is installed from %s, and told until all of it is done',
  async (kind) => {
    server.asLinks = kind === 'an index of links';
    const told: (readonly [string, number])[] = [];
    await install({ progress: async (stage, { fraction }) => void told.push([stage, fraction]) });
    expectInstalled();
    expect(new Set(told.map(([stage]) => stage))).toEqual(new Set(['downloading', 'checking', 'unpacking']));
    expect(told.map(([, fraction]) => fraction)).toEqual(
      told.map(([, fraction]) => fraction).toSorted((a, b) => a - b),
    );
    expect(told.at(-1)![1]).toBeCloseTo(1, 12);
    expect(await missingOf(build(), [])).toEqual({ downloadBytes: 0, unpackedBytes: 0, neededBytes: 0 });
  },
);

/** Sends the first bytes of a wheel and breaks the connection off, the first `times` times. */
function breakOff(times: number, after: number): void {
  let left = times;
  server.answer = (request, response, _file, bytes) => {
    if (left === 0) return false;
    left -= 1;
    const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
    const part = bytes.subarray(start, start + after);
    const range = start === 0 ? {} : { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(start === 0 ? 200 : 206, { 'Content-Length': bytes.length - start, ...range });
    response.write(part, () => setTimeout(() => response.destroy(), 20));
    return true;
  };
}

test('a connection that breaks off is taken up where it broke off', async () => {
  breakOff(2, 100_000);
  await install();
  expectInstalled();
  const [first, second, third] = server.asked.map((asked) => asked.split(' ')[1]);
  expect(first).toBe('whole');
  expect(second).toMatch(/^bytes=[1-9]\d*-$/);
  expect(Number(/\d+/.exec(third!)![0])).toBeGreaterThan(Number(/\d+/.exec(second!)![0]));
});

test('a try that ends in the middle is taken up by the next one, without what has come', async () => {
  breakOff(100, 100_000);
  const stop = new Error('stopped');
  let came = 0;
  await expect(
    install({
      progress: async (stage, { fraction }) => {
        if (stage === 'downloading' && fraction > 0 && ++came > 3) throw stop;
      },
    }),
  ).rejects.toBe(stop);
  expectNothing();
  const kept = statSync(downloadOf(build(), wheels[0]!)).size;
  expect(kept).toBeGreaterThan(0);
  expect((await missingOf(build(), wheels)).downloadBytes).toBe(wheels[0]!.bytes + wheels[1]!.bytes - kept);
  server.answer = () => false;
  await install();
  expectInstalled();
  expect(server.asked).toContain(`${wheels[0]!.file} bytes=${kept}-`);
});

test('a server that knows no ranges sends it all again', async () => {
  breakOff(1, 100_000);
  const broken = server.answer;
  let isFirst = true;
  server.answer = (request, response, file, bytes) => {
    if (isFirst) {
      isFirst = false;
      return broken(request, response, file, bytes);
    }
    response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
    return true;
  };
  await install();
  expectInstalled();
});

test('a file of other bytes under the same name is refused, and nothing of it is kept', async () => {
  server.answer = (_request, response, _file, bytes) => {
    const other = Buffer.from(bytes);
    other[1000]! ^= 1;
    response.writeHead(200, { 'Content-Length': other.length }).end(other);
    return true;
  };
  await expect(install()).rejects.toMatchObject({
    fault: { code: 'wrong-wheel', message: expect.stringContaining('its SHA-256 differs') as string },
  });
  expect(existsSync(downloadOf(build(), wheels[0]!))).toBe(false);
  expectNothing();
});

test('a part of an earlier try that is damaged is downloaded once more', async () => {
  breakOff(100, 100_000);
  await expect(install({ pausesMs: [] })).rejects.toMatchObject({ fault: { code: 'download-failed' } });
  const part = downloadOf(build(), wheels[0]!);
  writeFileSync(part, Buffer.alloc(statSync(part).size, 'x'));
  server.answer = () => false;
  await install();
  expectInstalled();
});

test.each([
  ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(10)])],
  ['shorter', (bytes: Buffer) => bytes.subarray(0, -10)],
])('a file that is %s than expected is refused before it is taken', async (_what, change) => {
  server.answer = (_request, response, _file, bytes) => {
    const other = change(bytes);
    response.writeHead(200, { 'Content-Length': other.length }).end(other);
    return true;
  };
  await expect(install()).rejects.toThrow(/sends \d+ bytes, where \d+ are expected/);
  expectNothing();
});

test('more than was announced is not written', async () => {
  server.answer = (_request, response, _file, bytes) => {
    // Without a length: the end of the connection is the end of the file.
    response.write(bytes);
    response.end(Buffer.alloc(1_000_000));
    return true;
  };
  await expect(install()).rejects.toThrow(/are expected/);
  expect(statSync(downloadOf(build(), wheels[0]!)).size).toBeLessThanOrEqual(wheels[0]!.bytes);
  expectNothing();
});

test('no address but an https one is followed', async () => {
  server.answer = (_request, response) => {
    response.writeHead(302, { Location: 'http://127.0.0.1:9/file.whl' }).end();
    return true;
  };
  await expect(install()).rejects.toThrow(/leads to http:\/\/127\.0\.0\.1:9, which is not https/);
  await expect(install({ index: new URL('http://127.0.0.1:9/simple/') })).rejects.toThrow(/is not https/);
  const files: string[] = [];
  server.answer = (request, response, file) => {
    files.push(request.headers.host!);
    if (request.headers.host!.startsWith('localhost')) return false;
    response.writeHead(307, { Location: `https://localhost:${server.index.port}/files/${file}` }).end();
    return true;
  };
  await install();
  expectInstalled();
  expect(new Set(files)).toEqual(new Set([server.index.host, `localhost:${server.index.port}`]));
});

test('an index without the wheel, and one that is not there, are named', async () => {
  const other = { ...wheels[0]!, file: 'tensorflow-1.0-cp311-none-any.whl' };
  await expect(install({ wheels: [other] })).rejects.toThrow(/does not list tensorflow-1\.0-cp311-none-any\.whl/);
  server.answer = (_request, response) => {
    response.writeHead(404).end();
    return true;
  };
  await expect(install()).rejects.toThrow(/answers with status 404/);
  await expect(install({ index: new URL('https://127.0.0.1:9/simple/') })).rejects.toThrow(/cannot be reached/);
});

test('a server that falls silent is given up after a while', async () => {
  server.answer = (_request, response, _file, bytes) => {
    response.writeHead(200, { 'Content-Length': bytes.length }).write(bytes.subarray(0, 1000));
    return true;
  };
  await expect(install({ silentMs: 500, pausesMs: [] })).rejects.toThrow(/nothing has come from/);
});

test('a disk without room is asked before anything is downloaded', async () => {
  const [first, ...rest] = wheels;
  const huge = { ...first!, unpackedBytes: 2 ** 52 };
  await expect(install({ wheels: [huge, ...rest] })).rejects.toMatchObject({
    fault: { code: 'disk-full', retry: 'free-space' },
  });
  expect(server.asked).toEqual([]);
});

test('files that the pins do not expect in the wheel are refused', async () => {
  const [first, second] = wheels;
  const wrong = {
    ...first!,
    files: { ...first!.files, 'tensorflow/libone.so.2': first!.files['tensorflow/libtwo.so.2']! },
  };
  await expect(install({ wheels: [wrong, second!] })).rejects.toMatchObject({ fault: { code: 'wrong-wheel' } });
  const none = { ...first!, files: { 'tensorflow/libthree.so.2': '0'.repeat(64) } };
  await expect(install({ wheels: [none, second!] })).rejects.toThrow(/has no tensorflow\/libthree\.so\.2/);
  expectNothing();
});

test('wheels in a folder, or as files, are taken in place of downloads and left as they are', async () => {
  writeFileSync(join(shop, 'other.txt'), 'not looked at');
  await install({ from: [shop] });
  expectInstalled();
  expect(server.asked).toEqual([]);
  rmSync(build(), { recursive: true });
  await install({ from: wheels.map(({ file }) => join(shop, file)) });
  expectInstalled();
  for (const { file, bytes } of wheels) expect(statSync(join(shop, file)).size).toBe(bytes);
});

test('a file that is not one of the wheels is refused by name, with the one that is expected', async () => {
  const [first, second] = wheels.map(({ file }) => join(shop, file)) as [string, string];
  const other = join(folder, 'nvidia_tool-3.0-py3-none-any.whl');
  copyFileSync(second, other);
  await expect(install({ from: [first, other] })).rejects.toThrow(
    /nvidia_tool-3\.0-py3-none-any\.whl is not the wheel of this build; expected is nvidia_tool-2\.0-py3-none-any\.whl/,
  );
  await expect(install({ from: [join(folder, 'nowhere')] })).rejects.toMatchObject({ fault: { code: 'not-found' } });
  await expect(install({ from: [first] })).rejects.toThrow(/these wheels are missing: nvidia_tool-2\.0/);
  const folderOfThatName = join(folder, 'second', wheels[1]!.file);
  mkdirSync(folderOfThatName, { recursive: true });
  await expect(install({ from: [first, join(folder, 'second')] })).rejects.toThrow(/is not a plain file/);
  truncateSync(second, 1000);
  await expect(install({ from: [first, second] })).rejects.toThrow(
    new RegExp(`is another file than nvidia_tool-2\\.0.* whose SHA-256 is ${wheels[1]!.sha256}`),
  );
  expectNothing();
  // The first of them is unpacked by now, and is not asked for again.
  await makeWheel(shop, 'nvidia-tool==2.0', contents['nvidia-tool==2.0']);
  await install({ from: [second] });
  expectInstalled();
});

/** The trainer itself as a process, which trusts the server by its environment. */
function trainer(environment: Readonly<Record<string, string>> = {}) {
  const job = join(folder, 'job.json');
  const { index } = server;
  writeFileSync(job, JSON.stringify({ kind: 'installBuild', wheels, folder: build(), index: index.href, from: null }));
  const env = { ...process.env, ...downloadEnvironment, SSL_CERT_FILE: localhostPem, ...environment };
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts'), '--job', job], { env });
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  return { child, ended: once(child, 'exit').then(([code]) => [code as number | null, said] as const) };
}

test('a process that is killed in the middle is followed by one that goes on', async () => {
  // The rest of the first wheel never comes.
  server.answer = (_request, response, _file, bytes) => {
    response.writeHead(200, { 'Content-Length': bytes.length }).write(bytes.subarray(0, 300_000));
    return true;
  };
  const killed = trainer();
  const part = downloadOf(build(), wheels[0]!);
  await vi.waitFor(() => expect(statSync(part).size).toBe(300_000), { timeout: 60_000 });
  killed.child.kill('SIGKILL');
  await killed.ended;
  server.answer = () => false;
  const [code, said] = await trainer().ended;
  expect(code, said).toBe(0);
  expectInstalled();
  expect(server.asked).toContain(`${wheels[0]!.file} bytes=300000-`);
});

test('a proxy that the environment names is used', async () => {
  const through: string[] = [];
  const tunnels: Socket[] = [];
  const proxy = createServer().on('connect', (request, socket: Socket) => {
    through.push(request.url ?? '');
    const to = connect(Number(server.index.port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(to).pipe(socket);
    });
    tunnels.push(to, socket);
    for (const end of [to, socket]) end.on('error', () => undefined);
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  try {
    const { port } = proxy.address() as AddressInfo;
    const [code, said] = await trainer({ HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '' }).ended;
    expect(code, said).toBe(0);
  } finally {
    for (const end of tunnels) end.destroy();
    await new Promise((closed) => proxy.close(closed));
  }
  expect(through).toContain(`127.0.0.1:${server.index.port}`);
  expectInstalled();
});
