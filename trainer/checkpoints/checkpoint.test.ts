/** Checkpoints that were damaged in every way there is, and the rule of what may be deleted. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSealed, sealedJson } from '../durable/sealed-json.ts';
import { sha256 } from '../durable/files.ts';
import { FaultError } from '../durable/fault-error.ts';
import { recordCases } from '../durable/testing/record-cases.ts';
import type { StateEntry } from '../engine/engine.ts';
import type { Manifest } from '../protocol/checkpoint.ts';
import { Execution, type RunConfig } from '../protocol/run.ts';
import { configHash } from './config-hash.ts';
import { expendable, prune } from './prune-checkpoints.ts';
import { newestValid } from './newest-checkpoint.ts';
import { readCheckpoint } from './read-checkpoint.ts';
import { restoreState } from './restore-state.ts';
import { saveCheckpoint, type Header } from './write-checkpoint.ts';
import { sweep } from './checkpoint-folders.ts';
import { keyed } from '../random.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'checkpoint-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function entries(seed: number): readonly StateEntry[] {
  const make = (name: string, shape: readonly number[], dtype: StateEntry['dtype']): StateEntry => {
    const size = shape.reduce((a, b) => a * b, 1);
    let values: Float32Array | Int32Array = dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
    const random = keyed(seed, name);
    for (let i = 0; i < size; i++) values[i] = dtype === 'int32' ? random.integer(1000) : random.normal();
    return { name, shape, dtype, read: () => values, write: (next) => (values = next) };
  };
  return [
    make('encoder/conv1/weight', [3, 3, 1, 4], 'float32'),
    make('encoder/bn1/mean', [4], 'float32'),
    make('encoder/bn1/scale', [4], 'float32'),
    make('learner/count', [], 'int32'),
    make('learner/empty', [0, 4], 'float32'),
  ];
}

const header = (step: number): Header => ({
  run: 'test-run',
  attempt: 1,
  step,
  epoch: step / 10,
  trainedSeconds: 1.5,
  configHash: 'c',
  codeVersion: '0',
  tensorflow: '0',
  arithmetic: '0',
  threads: 2,
  instructionSet: 'x',
  seed: 3,
  counters: { best: 0.1 },
});
const save = (step: number) => saveCheckpoint(folder, header(step), entries(step));
const at = (name: string, ...rest: readonly string[]): string => join(folder, 'checkpoints', name, ...rest);

const manifestOf = (name: string): Manifest => openSealed(readFileSync(at(name, 'manifest.json'))).value as Manifest;
/** Writes another manifest with a checksum that fits it: what is wrong then is what it says. */
const rewrite = (name: string, manifest: Manifest): void =>
  writeFileSync(at(name, 'manifest.json'), sealedJson(manifest, 1));

async function refused(name: string): Promise<void> {
  const error = await readCheckpoint(at(name)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FaultError);
  expect((error as FaultError).fault.code).toBe('corrupt-checkpoint');
}

describe('a checkpoint', () => {
  it('reads back what was saved, bit for bit', async () => {
    const saved = await save(7);
    expect(saved.folder).toBe('checkpoints/000007');
    const loaded = await readCheckpoint(at('000007'));
    expect(loaded.manifest).toMatchObject({ ...header(7), format: 2, tensorBytes: saved.bytes });
    const target = entries(99);
    restoreState(target, loaded);
    target.forEach((entry, index) => expect(entry.read()).toEqual(entries(7)[index]!.read()));
  });

  it('is never written over: the same step again is another folder, and the newer one counts', async () => {
    await save(7);
    const again = await saveCheckpoint(folder, header(7), entries(8));
    expect(again.folder).toBe('checkpoints/000007-2');
    const newest = await newestValid(folder, Infinity, () => undefined);
    expect(newest?.tensors.get('encoder/bn1/mean')).toEqual(entries(8)[1]!.read());
  });

  it('refuses a value that is not finite, and leaves nothing behind', async () => {
    const bad: StateEntry = {
      ...entries(1)[1]!,
      read: () => Float32Array.of(1, Number.NaN, 2, 3),
    };
    await expect(saveCheckpoint(folder, header(1), [bad])).rejects.toThrow(/not finite/);
    expect(readdirSync(join(folder, 'checkpoints'))).toEqual([]);
  });

  it('fits its own model only', async () => {
    await save(7);
    const loaded = await readCheckpoint(at('000007'));
    expect(() => restoreState(entries(1).slice(1), loaded)).toThrow(/another model/);
    const reshaped = entries(1).map((entry, index) => (index === 1 ? { ...entry, shape: [2, 2] } : entry));
    expect(() => restoreState(reshaped, loaded)).toThrow(/another model/);
  });
});

describe('damage', () => {
  it('is found wherever the tensors are cut', async () => {
    const { bytes } = await save(7);
    for (let cut = 0; cut < 64; cut++) {
      cpSync(at('000007'), at('000008'), { recursive: true });
      truncateSync(at('000008', 'tensors.bin'), Math.floor((bytes * cut) / 64));
      await refused('000008');
      rmSync(at('000008'), { recursive: true });
    }
    appendFileSync(at('000007', 'tensors.bin'), 'x');
    await refused('000007');
  });

  it('is found wherever the manifest is cut', async () => {
    await save(7);
    const whole = readFileSync(at('000007', 'manifest.json'));
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(at('000007', 'manifest.json'), whole.subarray(0, length));
      await refused('000007');
    }
  });

  it('is found for any flipped bit of the tensors', async () => {
    const { bytes } = await save(7);
    const whole = readFileSync(at('000007', 'tensors.bin'));
    // Every seventh: each of the eight places in a byte, all over the file.
    for (let bit = 0; bit < bytes * 8; bit += 7) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(at('000007', 'tensors.bin'), flipped);
      await refused('000007');
    }
  });

  it('is found for any flipped bit of the manifest', async () => {
    await save(7);
    const whole = readFileSync(at('000007', 'manifest.json'));
    for (let bit = 0; bit < whole.length * 8; bit += 7) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(at('000007', 'manifest.json'), flipped);
      await refused('000007');
    }
  });

  it.each([
    ['the step', '"step": 7', '"step": 6'],
    ['a counter', '"best": 0.1', '"best": 0.9'],
    ['the hash of the configuration', '"configHash": "c"', '"configHash": "d"'],
    ['the names of two tensors', 'encoder/bn1/mean', 'encoder/bn1/scale'],
  ])(
    'is found where %s was changed by hand; the checkpoint before is used, and that is said',
    async (_what, from, to) => {
      await save(6);
      await save(7);
      const text = readFileSync(at('000007', 'manifest.json'), 'utf8');
      const swapped = text.replace(from, '\0').replace(to, from).replace('\0', to);
      expect(swapped).not.toBe(text);
      writeFileSync(at('000007', 'manifest.json'), swapped);
      const told: string[] = [];
      const newest = await newestValid(folder, Infinity, (code, ...[, values]) =>
        told.push(`${code} ${values['step']}`),
      );
      expect(newest?.manifest).toMatchObject(header(6));
      expect(told).toEqual(['corrupt-checkpoint 7']);
    },
  );

  it('is found where a manifest lies in the folder of another step', async () => {
    await save(7);
    cpSync(at('000007'), at('000009'), { recursive: true });
    await refused('000009');
  });

  it('is found where two tensors of one shape are swapped, in the file or in the table', async () => {
    await save(7);
    const manifest = manifestOf('000007');
    const [, mean, scale] = manifest.tensors;
    const whole = readFileSync(at('000007', 'tensors.bin'));
    const swapped = Buffer.from(whole);
    whole.copy(swapped, mean!.offset, scale!.offset, scale!.offset + scale!.bytes);
    whole.copy(swapped, scale!.offset, mean!.offset, mean!.offset + mean!.bytes);
    writeFileSync(at('000007', 'tensors.bin'), swapped);
    await refused('000007');
    writeFileSync(at('000007', 'tensors.bin'), whole);
    const tensors = manifest.tensors.map((tensor) =>
      tensor === mean
        ? { ...tensor, offset: scale!.offset }
        : tensor === scale
          ? { ...tensor, offset: mean!.offset }
          : tensor,
    );
    rewrite('000007', { ...manifest, tensors });
    await refused('000007');
  });

  it('is found where the file is zeros, gone, a link or of another checkpoint', async () => {
    await save(7);
    await save(8);
    const whole = readFileSync(at('000007', 'tensors.bin'));
    writeFileSync(at('000007', 'tensors.bin'), Buffer.alloc(whole.length));
    await refused('000007');
    rmSync(at('000007', 'tensors.bin'));
    await refused('000007');
    symlinkSync(at('000008', 'tensors.bin'), at('000007', 'tensors.bin'));
    await refused('000007');
    rmSync(at('000007', 'tensors.bin'));
    writeFileSync(at('000007', 'tensors.bin'), whole);
    cpSync(at('000008', 'manifest.json'), at('000007', 'manifest.json'));
    await refused('000007');
  });

  it('is found in names that are paths of the file system', async () => {
    await save(7);
    const manifest = manifestOf('000007');
    for (const name of ['../weights', '/etc/passwd', 'a//b', 'a\\b', '', 'a/..']) {
      const tensors = manifest.tensors.map((tensor, index) => (index === 0 ? { ...tensor, name } : tensor));
      rewrite('000007', { ...manifest, tensors });
      await refused('000007');
    }
  });
});

describe('the newest', () => {
  it('is the newest that verifies, and the damaged ones are named', async () => {
    for (const step of [5, 10, 15]) await save(step);
    truncateSync(at('000015', 'tensors.bin'), 3);
    writeFileSync(at('000010', 'manifest.json'), '{}');
    const named: string[] = [];
    const newest = await newestValid(folder, Infinity, (code, _text, values) =>
      named.push(`${code} ${values['step']}`),
    );
    expect(newest?.manifest.step).toBe(5);
    expect(named).toEqual(['corrupt-checkpoint 15', 'corrupt-checkpoint 10']);
    expect((await newestValid(folder, 9, () => undefined))?.manifest.step).toBe(5);
  });

  it('is passed over where the disk cannot read it', async () => {
    await save(5);
    await save(6);
    rmSync(at('000006', 'tensors.bin'));
    mkdirSync(at('000006', 'tensors.bin'));
    expect((await newestValid(folder, Infinity, () => undefined))?.manifest.step).toBe(5);
  });

  it('may be of a version without checksums, and is then held against the event of its save', async () => {
    await save(5);
    const saved = await save(6);
    const old = { ...manifestOf('000006'), format: 1 } as const;
    const text = `${JSON.stringify(old, null, 1)}\n`;
    writeFileSync(at('000006', 'manifest.json'), text);
    expect((await newestValid(folder, Infinity, () => undefined))?.manifest).toMatchObject(header(6));

    const event = { type: 'checkpoint', step: 6, folder: saved.folder, manifestSha256: sha256(text) };
    writeFileSync(join(folder, 'events.ndjson'), `${JSON.stringify(event)}\n`);
    expect((await newestValid(folder, Infinity, () => undefined))?.manifest.step).toBe(6);
    writeFileSync(at('000006', 'manifest.json'), text.replace('"best": 0.1', '"best": 0.9'));
    expect((await newestValid(folder, Infinity, () => undefined))?.manifest.step).toBe(5);
  });

  it('passes over what a death left behind, which the sweep removes', async () => {
    await save(5);
    mkdirSync(at('.tmp-000010-1'));
    writeFileSync(at('.tmp-000010-1', 'tensors.bin'), 'half');
    expect((await newestValid(folder, Infinity, () => undefined))?.manifest.step).toBe(5);
    await sweep(folder);
    expect(readdirSync(join(folder, 'checkpoints'))).toEqual(['000005']);
  });
});

describe('retention', () => {
  const kept = fc.uniqueArray(
    fc.record({ step: fc.integer({ min: 0, max: 40 }), edition: fc.integer({ min: 1, max: 2 }), good: fc.boolean() }),
    { selector: ({ step, edition }) => step * 10 + edition, maxLength: 12 },
  );
  const policy = fc.record({
    keepLast: fc.integer({ min: 2, max: 4 }),
    best: fc.option(fc.integer({ min: 0, max: 40 })),
    final: fc.option(fc.integer({ min: 0, max: 40 })),
  });

  it('never lets the newest good ones, the best or the final one go', () => {
    let cases = 0;
    let held = 0;
    const property = fc.property(kept, policy, (all, rule) => {
      cases += 1;
      const gone = new Set(expendable(all, rule));
      const age = (one: { step: number; edition: number }): number => one.step * 10 + one.edition;
      const good = all.filter((one) => one.good).sort((a, b) => age(b) - age(a));
      for (const one of good.slice(0, rule.keepLast)) expect(gone.has(one)).toBe(false);
      for (const one of all) {
        if (one.step === rule.best || one.step === rule.final) expect(gone.has(one)).toBe(false);
      }
      if (good.length < rule.keepLast) expect(gone.size).toBe(0);
      // It does delete: what is older than the last one to keep, and neither best nor final.
      const oldest = good[rule.keepLast - 1];
      for (const one of oldest ? all : []) {
        const older = age(one) < age(oldest!) && one.step !== rule.best && one.step !== rule.final;
        expect(gone.has(one)).toBe(older);
      }
      held += 1;
    });
    try {
      fc.assert(property);
    } finally {
      const how = 'what may be deleted, of random checkpoints by random rules';
      recordCases({ promise: 'R6', how, cases, lost: cases - held });
    }
  });

  it('does not count a damaged checkpoint among those it keeps', async () => {
    for (const step of [5, 10, 15, 20]) await save(step);
    truncateSync(at('000015', 'tensors.bin'), 3);
    const gone = await prune(folder, 20, { keepLast: 2, best: null, final: null }, new Set(['000020']));
    expect(gone).toEqual([5]);
    expect(existsSync(at('000010'))).toBe(true);
    expect(readdirSync(join(folder, 'checkpoints')).sort()).toEqual(['000010', '000015', '000020']);
  });
});

describe('retention after going back', () => {
  it('does not let checkpoints of a life that was given up push out those of this one', async () => {
    for (const step of [5, 10, 15, 20]) await save(step);
    // Begun again from 5: its own 8 and 9 are behind 10 to 20.
    for (const step of [8, 9]) await save(step);
    const gone = await prune(folder, 9, { keepLast: 2, best: null, final: null }, new Set());
    expect(gone).toEqual([5]);
    expect((await newestValid(folder, 9, () => undefined))?.manifest.step).toBe(9);
  });
});

describe('the hash of a configuration', () => {
  const config = {
    version: 1,
    kind: 'evaluate',
    title: 'a',
    seed: 1,
    logEvery: 10,
    execution: v.parse(Execution, { threads: 2 }),
    checkpoint: { everySeconds: 300, everySteps: 0, keepLast: 3 },
    subject: { kind: 'pixels' },
    evaluator: { id: 'knn', options: { k: 20 } },
    train: { dataset: 'idx', path: '/a', split: 'train', fingerprint: 'f' },
    test: { dataset: 'idx', path: '/a', split: 'test', fingerprint: 'f' },
    preprocessing: { resize: null, crop: 28, interpolation: 'bilinear' },
    normalization: { mean: [0.5], std: [0.5] },
  } satisfies RunConfig;

  it('ignores what changes no number: title, workers, recomputation, when it is saved, where the data lies', () => {
    const moved: RunConfig = {
      ...config,
      title: 'b',
      execution: { ...config.execution, loaderWorkers: 4, recompute: true },
      checkpoint: { everySeconds: 1, everySteps: 2, keepLast: 9 },
      train: { ...config.train, path: '/b' },
    };
    expect(configHash(moved)).toBe(configHash(config));
  });

  it('changes with everything else', () => {
    const others: readonly RunConfig[] = [
      { ...config, seed: 2 },
      { ...config, execution: { ...config.execution, threads: 1 } },
      { ...config, evaluator: { id: 'knn', options: { k: 21 } } },
      { ...config, train: { ...config.train, fingerprint: 'g' } },
      { ...config, train: { dataset: 'idx', path: '/b', split: 'train' } },
    ];
    expect(new Set([config, ...others].map(configHash)).size).toBe(others.length + 1);
  });
});
