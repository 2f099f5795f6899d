/** Files of detectron2's zoo that are hostile, damaged or incomplete: nothing in them runs, and each is said to be what it is. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openWeights } from './open.ts';
import { zooPickle } from './testing/zoo-pickle.ts';

const folder = mkdtempSync(join(tmpdir(), 'zoo-pickle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tensors = [{ name: 'backbone.stem.conv1.weight', shape: [2, 1, 1, 1], values: Float32Array.of(0.5, -2) }];
const path = join(folder, 'zoo.pkl');

describe('a pickle of the zoo', () => {
  it('that calls the system is read, and calls nothing', async () => {
    const mark = join(folder, 'called');
    const call = Buffer.from(
      `cposix\nsystem\n(X${String.fromCharCode(mark.length + 6, 0, 0, 0)}touch ${mark}tR`,
      'latin1',
    );
    writeFileSync(path, zooPickle(tensors, 'Detectron2 Model Zoo', call));
    const file = await openWeights(path);
    expect(file.tensors.map(({ name }) => name)).toEqual(['model.backbone.stem.conv1.weight']);
    expect([...(await file.read(file.tensors[0]!))]).toEqual([0.5, -2]);
    expect(file.passedOver).toMatchObject([{ what: 'posix.system', count: 1, names: ['extra'] }]);
    await file.close();
    expect(existsSync(mark)).toBe(false);
  });

  it.each([1, 20, 60, 200])('that ends %i bytes early is refused', async (missing) => {
    const whole = zooPickle(tensors, 'Detectron2 Model Zoo');
    writeFileSync(path, whole.subarray(0, whole.length - missing));
    await expect(openWeights(path)).rejects.toMatchObject({ fault: { code: 'unreadable-file', values: { path } } });
  });

  it('whose array claims more than there is, is refused without taking the memory', async () => {
    const whole = zooPickle(tensors, 'Detectron2 Model Zoo');
    // The length of the array's bytes, just before them.
    const at = whole.indexOf(Buffer.from([8, 0, 0, 0]));
    whole.writeUInt32LE(0xfffffff0, at);
    writeFileSync(path, whole);
    const before = process.memoryUsage().rss;
    await expect(openWeights(path)).rejects.toMatchObject({ fault: { code: 'unreadable-file' } });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 ** 2);
  });
});
