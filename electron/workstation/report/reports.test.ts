import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSealed, sealedJson } from '../../../trainer/durable/sealed-json.ts';
import { createBench, type Bench } from '../testing/bench.ts';

let bench: Bench;
beforeEach(() => (bench = createBench()));
afterEach(() => bench.remove());

test('a report is opened in its own folder, wherever its row says that its files are', async () => {
  const opened: string[] = [];
  const nothing = () => Promise.resolve();
  const workstation = await bench.open({
    desktop: {
      pickFolder: () => Promise.resolve(null),
      pickFile: () => Promise.resolve(null),
      trash: nothing,
      openLink: nothing,
      isSandboxed: true,
      htmlToPdf: { unavailable: '' },
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
