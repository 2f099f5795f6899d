import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readJson, sha256, writeJson } from './files.mjs';
import { isAlive, withLock } from './lock.mjs';
import { sysrootEnvironment } from './runtime.mjs';
import { allSteps, plan } from './setup.mjs';
import { parsePolicy, parseStatus } from './setup/apt.mjs';
import { explain, run, which } from './setup/command.mjs';
import { checkNode, isInstalled, nodeHashes } from './setup/dependencies.mjs';
import { obtain } from './setup/download.mjs';
import { createReporter, formatProgress, formatSeconds } from './setup/progress.mjs';
import { parseLdd } from './setup/system.mjs';
import { chooseBuild, chooseWheels, folderOf } from './setup/tensorflow.mjs';
import { add, settle } from './tally.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reprise-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('progress', () => {
  test('shows amount and time left at the average speed', () => {
    expect(formatProgress({ done: 120e6, total: 274e6, unit: 'MB', doing: 'downloading' }, 16)).toBe(
      'downloading, 120 of 274 MB, about 20 s',
    );
    expect(formatProgress({ done: 300, total: 600, unit: 'packages' }, 90)).toBe('300 of 600 packages, about 2 min');
    expect(formatProgress({ done: 12.4, total: 100, unit: '%', doing: 'installing' }, 1)).toBe('installing, 12 %');
  });

  test('makes no promise at the very beginning, nor at the end', () => {
    expect(formatProgress({ done: 1e6, total: 274e6, unit: 'MB' }, 60)).toBe('1 of 274 MB');
    expect(formatProgress({ done: 280e6, total: 274e6, unit: 'MB' }, 60)).toBe('274 of 274 MB');
  });

  test('rounds times to what they are worth', () => {
    expect([0.2, 7.4, 13, 58, 61, 150].map(formatSeconds)).toEqual(['1 s', '7 s', '15 s', '60 s', '1 min', '3 min']);
  });

  test('a log gets a line now and then, a terminal one line that is rewritten', () => {
    const follow = (isTTY: boolean) => {
      let text = '';
      let now = 0;
      const stream = { isTTY, columns: 80, write: (part: string) => (text += part) };
      const step = createReporter(stream, () => now).step(2, 5, 'TensorFlow');
      for (let second = 0; second <= 20; second += 1) {
        now = second * 1000;
        step.progress({ done: second * 10e6, total: 200e6, unit: 'MB' });
      }
      step.end('ready');
      return text;
    };
    expect(follow(false).split('\n')).toEqual([
      '[2/5] TensorFlow: 0 of 200 MB',
      '[2/5] TensorFlow: 150 of 200 MB, about 5 s',
      '[2/5] TensorFlow: ready, 20 s',
      '',
    ]);
    const terminal = follow(true);
    expect(terminal.match(/\r/g)).toHaveLength(22);
    expect(terminal.endsWith('\r\x1b[2K[2/5] TensorFlow: ready, 20 s\n')).toBe(true);
  });
});

describe('plan', () => {
  const step = (id: string, needed: boolean) => ({
    id,
    title: id,
    bytes: 0,
    obtains: () => [],
    isNeeded: () => needed,
    run: () => Promise.resolve(),
  });
  const steps = [step('packages', false), step('libraries', true), step('data', true)];
  const ids = (wanted: { pending: readonly { id: string }[] }) => wanted.pending.map(({ id }) => id);

  test('does what is needed, in order', () => {
    expect(ids(plan(steps, [], () => undefined, 0))).toEqual(['libraries', 'data']);
  });

  test('leaves alone for an hour what failed and can be done without, and says so', () => {
    const failure = (id: string) => (id === 'data' ? { at: 1000, sentence: 'No apt-get here.' } : undefined);
    const soon = plan(steps, ['data'], failure, 1000 + 59 * 60_000);
    expect([ids(soon), soon.sentences]).toEqual([['libraries'], ['No apt-get here.']]);
    expect(ids(plan(steps, ['data'], failure, 1000 + 61 * 60_000))).toEqual(['libraries', 'data']);
    expect(ids(plan(steps, [], failure, 1000))).toEqual(['libraries', 'data']);
  });
});

describe('packages', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/a-win32': { version: '1.0.0', integrity: 'sha512-w', optional: true },
    },
  };
  const a = { version: '1.0.0', integrity: 'sha512-a' };

  test('are installed when npm recorded every one the lock file asks for', () => {
    expect(isInstalled(lock, { packages: { 'node_modules/a': a } })).toBe(true);
  });

  test('are not after an install that was cut off, that left one out, or that brought another', () => {
    expect(isInstalled(lock, undefined)).toBe(false);
    expect(isInstalled(lock, { packages: {} })).toBe(false);
    expect(isInstalled(lock, { packages: { 'node_modules/a': { ...a, version: '1.0.1' } } })).toBe(false);
    expect(isInstalled(lock, { packages: { 'node_modules/a': { ...a, integrity: 'sha512-b' } } })).toBe(false);
  });
});

describe('TensorFlow', () => {
  const seen =
    (...paths: readonly string[]) =>
    (path: string) =>
      paths.includes(path);

  test('is the build for NVIDIA GPUs where a driver is, unless told otherwise', () => {
    expect(chooseBuild({}, seen())).toBe('cpu');
    for (const trace of ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/usr/lib/wsl/lib/libcuda.so.1']) {
      expect(chooseBuild({}, seen(trace))).toBe('gpu');
      expect(chooseBuild({ REPRISE_TENSORFLOW: 'cpu' }, seen(trace))).toBe('cpu');
    }
    expect(chooseBuild({ REPRISE_TENSORFLOW: 'gpu' }, seen())).toBe('gpu');
    expect(() => chooseBuild({ REPRISE_TENSORFLOW: 'rocm' }, seen())).toThrow('"rocm"; it can be "cpu" or "gpu"');
    expect(() => chooseWheels('sunos-sparc', 'cpu')).toThrow('no TensorFlow 2.21.0 for sunos-sparc');
  });

  test('comes in wheels that are pinned, each with a folder of its own', () => {
    for (const build of ['cpu', 'gpu'] as const) {
      const wheels = chooseWheels('linux-x64', build);
      expect(new Set(wheels.map(folderOf)).size).toBe(wheels.length);
      for (const wheel of wheels) {
        const [name, version] = wheel.requirement.split('==');
        expect(wheel.file.startsWith(`${name!.replaceAll('-', '_')}-${version!}-`)).toBe(true);
        expect(wheel.bytes).toBeGreaterThan(0);
        for (const hash of [wheel.sha256, ...Object.values(wheel.files)]) expect(hash).toMatch(/^[0-9a-f]{64}$/);
        for (const path of Object.keys(wheel.files)) expect(path.startsWith(`${folderOf(wheel)}/`)).toBe(true);
      }
    }
  });

  test('for GPUs finds CUDA where its libraries look: ../nvidia/NAME/lib', () => {
    const files = chooseWheels('linux-x64', 'gpu').flatMap((wheel) => Object.keys(wheel.files));
    // The names TensorFlow opens at run time.
    const opened = [
      ...['cublas/lib/libcublas.so.12', 'cublas/lib/libcublasLt.so.12', 'cuda_cupti/lib/libcupti.so.12'],
      ...['cuda_runtime/lib/libcudart.so.12', 'cudnn/lib/libcudnn.so.9', 'cufft/lib/libcufft.so.11'],
      ...['cusolver/lib/libcusolver.so.11', 'cusparse/lib/libcusparse.so.12', 'nccl/lib/libnccl.so.2'],
    ];
    for (const name of opened) expect(files).toContain(`nvidia/${name}`);
  });
});

describe('what set-up obtains', () => {
  const root = join(import.meta.dirname, '..');
  const lock = readJson(join(root, 'package-lock.json')) as {
    packages: Readonly<Record<string, { version: string; integrity?: string }>>;
  };
  const obtained = allSteps.flatMap(({ id, obtains }) => obtains().map((one) => ({ step: id, ...one })));
  const fixedBy = (pin: string) => obtained.filter((one) => one.pin === pin).map(({ step }) => step);

  test('is fixed by a SHA-256, or by a list of hashes that is named', () => {
    for (const { obtains } of allSteps) expect(obtains().length).toBeGreaterThan(0);
    const rest = obtained.filter(({ pin }) => !/^sha256:[0-9a-f]{64}$/.test(pin));
    expect([...new Set(rest.map(({ pin }) => pin))].sort()).toEqual([
      'apt',
      'electron/checksums.json',
      'package-lock.json',
    ]);
    // SECURITY.md says that the system's libraries are the one thing without a pin of ours.
    expect(new Set(fixedBy('apt'))).toEqual(new Set(['system']));
  });

  test('from npm has a SHA-512 and one version in the lock file', () => {
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
    expect(packages.length).toBeGreaterThan(500);
    for (const [path, { version, integrity }] of packages)
      expect(`${version} ${integrity ?? ''}`, path).toMatch(/^\d\S* sha512-[A-Za-z0-9+/]{86}==$/);
    const node = lock.packages['node_modules/node']!.version;
    for (const known of Object.keys(nodeHashes)) expect(known.endsWith(` ${node}`), known).toBe(true);
  });

  test('of Electron has a SHA-256 in the npm package that installs it, on every platform', () => {
    const { version } = lock.packages['node_modules/electron']!;
    const sums = readJson(join(root, 'node_modules', 'electron', 'checksums.json')) as Record<string, string>;
    for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64'])
      expect(sums[`electron-v${version}-${platform}.zip`], platform).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is listed by every step that can download: no other file of set-up calls a downloader', () => {
    const setup = join(root, 'scripts', 'setup');
    const downloads = /\b(obtain|npm|runOrExplain|fetch|unpackPackages?|installPackages)\(|install\.js|https?:\/\//;
    const callers = readdirSync(setup).filter(
      (file) => file.endsWith('.mjs') && downloads.test(readFileSync(join(setup, file), 'utf8')),
    );
    const steps = readdirSync(setup).filter(
      (file) => file.endsWith('.mjs') && readFileSync(join(setup, file), 'utf8').includes('  obtains() {'),
    );
    expect(steps).toHaveLength(allSteps.length);
    // Those that carry it out for the steps.
    const carriers = ['apt.mjs', 'command.mjs', 'download.mjs', 'wheel.mjs'];
    expect(callers.filter((file) => !carriers.includes(file))).toEqual(steps);
  });

  test('includes no Node with another hash, and none of a platform without one', async () => {
    const path = join(folder, 'node');
    for (const [platform, said] of [
      ['linux-x64', /has SHA-256 [0-9a-f]{64} instead of fde6a4bf/],
      ['sunos-sparc', /No SHA-256 of Node 22\.23\.3 for sunos-sparc is known/],
    ] as const) {
      writeFileSync(path, 'another program');
      await expect(checkNode(path, '22.23.3', platform)).rejects.toThrow(said);
      // Otherwise the next start would run it.
      expect(existsSync(path)).toBe(false);
    }
  });
});

describe('a download', () => {
  const content = 'the whole file';
  const hash = createHash('sha256').update(content).digest('hex');
  const fetch = (part: string) => {
    writeFileSync(join(part, 'wheel'), content);
    return Promise.resolve();
  };

  test('that was cut off is begun again and leaves nothing behind', async () => {
    const cutOff = (part: string) => {
      writeFileSync(join(part, 'wheel'), content.slice(0, 5));
      writeFileSync(join(part, 'rest-of-the-first-try'), 'x');
      return Promise.reject(new Error('killed'));
    };
    await expect(obtain({ folder, file: 'wheel', hash, fetch: cutOff })).rejects.toThrow('killed');
    expect(existsSync(join(folder, 'wheel'))).toBe(false);
    const path = await obtain({ folder, file: 'wheel', hash, fetch });
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(readdirSync(folder)).toEqual(['wheel']);
  });

  test('is taken from the disk when it is whole, and fetched again when it is not', async () => {
    writeFileSync(join(folder, 'wheel'), content);
    await obtain({ folder, file: 'wheel', hash, fetch: () => Promise.reject(new Error('asked the network')) });
    writeFileSync(join(folder, 'wheel'), 'half');
    expect(await sha256(await obtain({ folder, file: 'wheel', hash, fetch }))).toBe(hash);
  });

  test('with another hash is refused and not kept', async () => {
    const wrong = async (part: string) => {
      writeFileSync(join(part, 'wheel'), 'something else');
    };
    await expect(obtain({ folder, file: 'wheel', hash, fetch: wrong })).rejects.toThrow(`instead of ${hash}`);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a failure becomes a sentence', () => {
  test.each([
    [
      'npm error code ENOTFOUND\nnpm error network request failed',
      'the network or the package registry cannot be reached.',
    ],
    [
      "WARNING: Retrying: NewConnectionError('…')\nERROR: No matching distribution",
      'the network or the package registry cannot be reached.',
    ],
    [
      "Err:1 x\n  Temporary failure resolving 'a'\nE: Failed to fetch",
      'the network or the package registry cannot be reached.',
    ],
    ['OSError: [Errno 28] No space left on device', 'the disk is full.'],
    [
      'npm error code EUSAGE\nnpm error\nnpm error `npm ci` needs a lock file.\nnpm error Run "npm help ci"',
      '`npm ci` needs a lock file.',
    ],
    ['reading\nE: Unable to locate package x', 'Unable to locate package x.'],
    ['', 'it ended without saying why.'],
  ])('%j', (output, sentence) => {
    expect(explain(output)).toBe(sentence);
  });

  test('hash mismatches of pip name the hash', () => {
    expect(explain('ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.')).toContain('SHA-256');
  });
});

test('reads the progress apt reports', () => {
  expect(parseStatus('dlstatus:3:41.5:Retrieving file 3 of 8 (12s remaining)')).toEqual({
    doing: 'downloading',
    percent: 41.5,
  });
  expect(parseStatus('pmstatus:libgtk-3-0:amd64:20.0000:Preparing libgtk-3-0:amd64')?.percent).toBe(20);
  expect(parseStatus('pmstatus:dpkg-exec:16.6667:Running dpkg')?.percent).toBeCloseTo(16.6667);
  expect(parseStatus('media-change: x')).toBeUndefined();
});

test('reads which packages apt could install', () => {
  const output =
    'libasound2:\n  Installed: (none)\n  Candidate: (none)\n  Version table:\nlibasound2t64:\n  Installed: (none)\n  Candidate: 1.2.14-1\n  Version table:\n     1.2.14-1 500\n';
  expect([...parsePolicy(output)]).toEqual(['libasound2t64']);
});

test('reads the libraries ldd could not find', () => {
  const output =
    '\tlinux-vdso.so.1 (0x7f)\n\tlibnss3.so => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n\tlibgbm.so.1 => not found\n';
  expect(parseLdd(output)).toEqual(['libnss3.so', 'libgbm.so.1']);
});

test('a sysroot comes before the libraries the user named', () => {
  const environment = sysrootEnvironment('/s', { LD_LIBRARY_PATH: '/own' });
  expect(environment.LD_LIBRARY_PATH).toMatch(/^\/s\/usr\/lib\/.*:\/own$/);
  expect(environment.FONTCONFIG_FILE).toBe('/s/fonts.conf');
});

describe('commands', () => {
  test('are ended when the watch gives up', async () => {
    const began = performance.now();
    const outcome = await run('sleep', ['60'], { watch: () => performance.now() - began < 100 });
    expect(outcome.gaveUp).toBe(true);
    expect(outcome.code).toBeNull();
  });

  test('report their status on descriptor 3 line by line', async () => {
    const lines: string[] = [];
    await run('sh', ['-c', 'printf "one\\ntw" >&3; printf "o\\n" >&3'], { onStatus: (line) => lines.push(line) });
    expect(lines).toEqual(['one', 'two']);
  });

  test('are found on PATH only when they can be run', () => {
    writeFileSync(join(folder, 'tool'), '');
    expect(which('tool', folder)).toBeUndefined();
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'tool'), '', { mode: 0o755 });
    expect(which('tool', `${folder}:${join(folder, 'bin')}`)).toBe(join(folder, 'bin', 'tool'));
  });
});

describe('the lock', () => {
  test('lets one in at a time', async () => {
    const path = join(folder, 'lock');
    const order: string[] = [];
    const waits: number[] = [];
    const hold = (name: string) =>
      withLock(
        path,
        (pid) => waits.push(pid),
        async () => {
          order.push(`${name} in`);
          await new Promise((resolve) => setTimeout(resolve, 50));
          order.push(`${name} out`);
        },
      );
    await Promise.all([hold('a'), hold('b')]);
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out']);
    expect(waits).toEqual([process.pid]);
    expect(existsSync(path)).toBe(false);
  });

  test('of a process that was killed is replaced', async () => {
    const child = spawn('sleep', ['60']);
    const pid = child.pid ?? 0;
    writeJson(join(folder, 'lock'), { pid });
    expect(isAlive({ pid })).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect(
      withLock(
        join(folder, 'lock'),
        () => expect.fail('waited'),
        () => Promise.resolve(1),
      ),
    ).resolves.toBe(1);
  });

  test('of an earlier process with the same number counts for nothing', () => {
    expect(isAlive({ pid: process.pid, started: '1' })).toBe(false);
  });
});

test('a stamp that was cut short counts as none', () => {
  const path = join(folder, 'stamp.json');
  writeJson(path, { version: 1 });
  expect(readJson(path)).toEqual({ version: 1 });
  writeFileSync(path, '{ "versi');
  expect(readJson(path)).toBeUndefined();
});

test('a runner that fails without a failed test counts as one failure', () => {
  expect(settle(undefined, 1)).toEqual({ passed: 0, failed: 1 });
  expect(settle({ passed: 3, failed: 0 }, 1)).toEqual({ passed: 3, failed: 1 });
  expect(settle({ passed: 3, failed: 2 }, 1)).toEqual({ passed: 3, failed: 2 });
  expect(add([settle({ passed: 3, failed: 0 }, 0), { passed: 4, failed: 1 }])).toEqual({ passed: 7, failed: 1 });
});
