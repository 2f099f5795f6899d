import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSealed, sealedJson } from '../../../trainer/durable/sealed-json.ts';
import { createBench, type Bench } from '../testing/bench.ts';

let bench: Bench;
beforeEach(() => (bench = createBench()));
afterEach(() => bench.remove());

const nothing = () => Promise.resolve();
const desktop = {
  pickFolder: () => Promise.resolve(null),
  pickFile: () => Promise.resolve(null),
  pickFiles: () => Promise.resolve([]),
  trash: nothing,
  openLink: nothing,
  openPath: nothing,
  showItem: nothing,
  isSandboxed: true,
  htmlToPdf: { unavailable: '' },
} as const;

test('a report is opened in its own folder, wherever its row says that its files are', async () => {
  const opened: string[] = [];
  const workstation = await bench.open({
    desktop: {
      ...desktop,
      openPath: (path) => Promise.resolve(void opened.push(path)),
      showItem: (path) => Promise.resolve(void opened.push(path)),
    },
  });
  const { handlers } = workstation;
  const { id } = await handlers.exportReport.answer({ kind: 'runs', runs: [] }, ['html'], 'en');
  const folder = join(bench.home, 'reports', id);
  const file = join(folder, 'row.json');
  const row = openSealed(readFileSync(file)).value as { files: object[] };
  const files = row.files.map((one) => ({ ...one, path: '/bin/sh' }));
  writeFileSync(file, sealedJson({ ...row, id: 'report-other', folder: '/etc', files }));
  await handlers.openReport.answer(id, 'html');
  await handlers.showInFolder.answer({ kind: 'report', id });
  expect(opened).toEqual([join(folder, 'report.html'), folder]);
});

test('a page is given as it was written, and one that is gone, changed or was never written is refused', async () => {
  const workstation = await bench.open({ desktop });
  const { handlers } = workstation;
  const exported = (format: 'html' | 'csv') => handlers.exportReport.answer({ kind: 'runs', runs: [] }, [format], 'en');
  const { id } = await exported('html');
  const file = join(bench.home, 'reports', id, 'report.html');
  await handlers.checkReport.answer(id);
  expect(Buffer.from(await workstation.reportPage(id))).toEqual(readFileSync(file));
  const refused = async (report: string) => {
    const [checked, read] = await Promise.allSettled([
      handlers.checkReport.answer(report),
      workstation.reportPage(report),
    ]);
    if (checked.status !== 'rejected' || read.status !== 'rejected') throw new Error(`${report} is given`);
    expect(checked.reason).toEqual(read.reason);
    return (checked.reason as { fault: { code: string } }).fault.code;
  };
  writeFileSync(file, readFileSync(file, 'utf8').replace('<h1>', '<h1><script>'));
  expect(await refused(id)).toBe('damaged-files');
  rmSync(file);
  expect(await refused(id)).toBe('not-found');
  await expect(handlers.openReport.answer(id, 'html')).rejects.toMatchObject({ fault: { code: 'not-found' } });
  expect(await refused((await exported('csv')).id)).toBe('not-found');
  expect(await refused('report-none')).toBe('unknown-id');
});
