/** A workstation in a separate process, to be killed: `node victim.ts HOME RUNTIME`; prints its current step. */
import { dirname, join } from 'node:path';
import process from 'node:process';
import { openWorkstation } from '../workstation.ts';
import { fakeTrainer, pretrain } from './bench.ts';

const [home = '', runtime = ''] = process.argv.slice(2);
const nothing = () => Promise.resolve();
const workstation = await openWorkstation({
  home,
  runtime,
  appRoot: join(dirname(runtime), 'app'),
  node: process.execPath,
  trainer: fakeTrainer,
  version: '0',
  edition: '',
  updates: null,
  write: true,
  desktop: {
    pickFolder: () => Promise.resolve(null),
    pickFile: () => Promise.resolve(null),
    pickFiles: () => Promise.resolve([]),
    trash: nothing,
    openPath: nothing,
    showItem: nothing,
    openLink: nothing,
    isSandboxed: true,
    htmlToPdf: { unavailable: '' },
  },
  push: (name, ...values) => {
    if (name === 'progress') console.log(`step ${(values[0] as { step: number }).step}`);
  },
});
await workstation.handlers.createRun.answer(pretrain('steps=150 ms=10 every=1000'));
