/** Tests the static checks: each planted violation must be reported by its own rule, and a clean tree by none. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const root = join(import.meta.dirname, '..');
const folders = ['electron', 'trainer', 'renderer', 'e2e', 'scripts'];
const svelteImporting = (name: string) => `<script lang="ts">\n  import { it } from '${name}';\n</script>\n{it}\n`;

/** A small tree of the same shape, without a violation. */
const clean: Readonly<Record<string, string>> = {
  'trainer/protocol/run.ts': `import * as v from 'valibot';\nexport const it = v.string();\nexport type It = string;\n`,
  'trainer/recipe.ts': `export const it = 1;\n`,
  'trainer/loop.ts': `import { it } from './engine/session.ts';\nimport { method } from './methods/first.ts';\nexport { it, method };\n`,
  'trainer/engine/session.ts': `import koffi from 'koffi';\nexport const it = koffi;\n`,
  'trainer/methods/first.ts': `import { it } from '../recipe.ts';\nexport const method = it;\n`,
  'electron/api/settings.ts': `export type Setting = string;\n`,
  'electron/api/requests.ts': `import type { It } from '../../trainer/protocol/run.ts';\nimport type { Setting } from './settings.ts';\nexport const names = ['a'];\nexport type Name = It | Setting;\n`,
  'electron/main.ts': `import { app } from 'electron';\nimport { open } from './workstation/store/open.ts';\nexport { app, open };\n`,
  'electron/workstation/store/open.ts': `import Database from 'better-sqlite3';\nexport const open = Database;\n`,
  'electron/workstation/runs.ts': `import { it } from '../../trainer/protocol/run.ts';\nexport const runs = it;\n`,
  'electron/shell/names.ts': `export const names = ['a'];\n`,
  'electron/shell/window.ts': `import { BrowserWindow } from 'electron';\nexport const window = BrowserWindow;\n`,
  'renderer/App.svelte': `<script lang="ts">\n  import type { Name } from '../electron/api/requests.ts';\n  import Title from './Title.svelte';\n  let { name }: { name: Name } = $props();\n</script>\n<Title />{name}\n`,
  'renderer/Title.svelte': `<h1>Reprise</h1>\n`,
  'e2e/app.spec.ts': `import type { Name } from '../electron/api/requests.ts';\nexport const name: Name = 'a';\n`,
  'scripts/build.mjs': `export const it = 1;\n`,
};

const { default: config } = (await import(join(root, '.dependency-cruiser.mjs'))) as {
  default: { forbidden: readonly { name: string; from: { path: string } }[] };
};

/** A forbidden import in every room: the desktop from the trainer's, the trainer's recipes from the desktop's. */
const trespasses = config.forbidden
  .filter(({ name }) => name.startsWith('room-'))
  .map(({ name, from }) => {
    const room = from.path.slice(1, -1);
    const known = room.startsWith('trainer') ? 'electron/shell/names.ts' : 'trainer/recipe.ts';
    const text = `export * from '${'../'.repeat(room.split('/').length)}${known}';\n`;
    return { rule: name, file: `${room}/trespass.ts`, text };
  });

/** Planted all at once; each line names the rule that must report the file. */
const violations: readonly { rule: string; file: string; text: string }[] = [
  ...trespasses,
  { rule: 'no-cycles', file: 'trainer/snake.ts', text: `export { it } from './tail.ts';\n` },
  { rule: 'nothing-unresolved', file: 'trainer/random.ts', text: `export { it } from './nowhere.ts';\n` },
  { rule: 'protocol-is-pure', file: 'trainer/protocol/hardware.ts', text: `export { cpus } from 'node:os';\n` },
  { rule: 'protocol-is-pure', file: 'trainer/protocol/events.ts', text: `export { it } from '../recipe.ts';\n` },
  { rule: 'trainer-stands-alone', file: 'trainer/port.ts', text: `export { app } from 'electron';\n` },
  {
    rule: 'trainer-stands-alone',
    file: 'trainer/pipe.ts',
    text: `export { names } from '../electron/shell/names.ts';\n`,
  },
  {
    rule: 'trainer-packages',
    file: 'trainer/archive.ts',
    text: `import js from '@eslint/js';\nexport const it = js;\n`,
  },
  {
    rule: 'recipes-know-no-engine',
    file: 'trainer/encoders/first.ts',
    text: `export { it } from '../engine/session.ts';\n`,
  },
  { rule: 'recipes-are-siblings', file: 'trainer/methods/second.ts', text: `export { method } from './first.ts';\n` },
  {
    rule: 'recipes-know-no-engine',
    file: 'trainer/methods/third.ts',
    text: `export { it } from '../engine/session.ts';\n`,
  },
  {
    rule: 'shared-words-are-pure',
    file: 'electron/words/units.ts',
    text: `export { names } from '../api/requests.ts';\n`,
  },
  {
    rule: 'main-sees-only-the-contract',
    file: 'electron/queue.ts',
    text: `export { it } from '../trainer/loop.ts';\n`,
  },
  {
    rule: 'api-is-pure',
    file: 'electron/api/plans.ts',
    text: `import type { BrowserWindow } from 'electron';\nexport { it } from '../../trainer/protocol/run.ts';\nexport type Name = BrowserWindow;\n`,
  },
  { rule: 'api-takes-types-only', file: 'electron/api/plans.ts', text: '' },
  {
    rule: 'workstation-knows-no-window',
    file: 'electron/workstation/quit.ts',
    text: `export { app } from 'electron';\n`,
  },
  {
    rule: 'workstation-knows-no-window',
    file: 'electron/headless.ts',
    text: `export { window } from './shell/window.ts';\n`,
  },
  {
    rule: 'desktop-packages',
    file: 'electron/images.ts',
    text: `import sharp from 'sharp';\nexport const it = sharp;\n`,
  },
  {
    rule: 'sql-in-store-only',
    file: 'electron/workstation/report.ts',
    text: `import Database from 'better-sqlite3';\nexport const it = Database;\n`,
  },
  {
    rule: 'renderer-sees-only-the-contract',
    file: 'renderer/Loop.svelte',
    text: svelteImporting('../trainer/loop.ts'),
  },
  {
    rule: 'renderer-sees-only-the-contract',
    file: 'renderer/client.ts',
    text: `export type { open } from '../electron/main.ts';\n`,
  },
  {
    rule: 'renderer-sees-types-only',
    file: 'renderer/Shape.svelte',
    text: svelteImporting('../trainer/protocol/run.ts'),
  },
  { rule: 'renderer-has-no-node', file: 'renderer/Disk.svelte', text: svelteImporting('node:fs') },
  { rule: 'renderer-packages', file: 'renderer/Schema.svelte', text: svelteImporting('valibot') },
  {
    rule: 'end-to-end-sees-types-only',
    file: 'e2e/more.spec.ts',
    text: `export { it } from '../trainer/recipe.ts';\n`,
  },
  { rule: 'scripts-stand-alone', file: 'scripts/bench.mjs', text: `export { it } from '../trainer/recipe.ts';\n` },
];

// Whole tools run here, possibly on a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let tree = '';
const write = (file: string, text: string) => {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), text);
};

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'reprise-boundaries-'));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  for (const name of ['.dependency-cruiser.mjs', 'tsconfig.base.json', 'package.json'])
    copyFileSync(join(root, name), join(tree, name));
  for (const [file, text] of Object.entries(clean)) write(file, text);
});
afterAll(() => rmSync(tree, { recursive: true }));

/** @returns `rule: file`, once each */
function findViolations(): ReadonlySet<string> {
  const program = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
  const words = [program, ...folders, '--config', '.dependency-cruiser.mjs', '--output-type', 'json'];
  const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: tree, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (stdout === '') throw new Error(stderr);
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: readonly { from: string; rule: { name: string } }[] };
  };
  return new Set(summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`));
}

test('a tree that keeps the boundaries passes', () => {
  expect([...findViolations()]).toEqual([]);
});

describe('a planted violation is reported', () => {
  let found: ReadonlySet<string> = new Set();
  beforeAll(() => {
    for (const { file, text } of violations) if (text !== '') write(file, text);
    write('trainer/tail.ts', `export * from './snake.ts';\nexport const it = 1;\n`);
    found = findViolations();
  });

  test.each(violations)('$rule: $file', ({ rule, file }) => {
    expect([...found]).toContain(`${rule}: ${file}`);
  });

  test('every rule has its violation', () => {
    expect(new Set(violations.map(({ rule }) => rule))).toEqual(new Set(config.forbidden.map(({ name }) => name)));
  });
});

test('svelte-check sees a wrong type in a component', () => {
  const text = (value: string) => `<script lang="ts">\n  const count: number = ${value};\n</script>\n{count}\n`;
  write('canary/Right.svelte', text('1'));
  write('canary/Wrong.svelte', text(`'one'`));
  write(
    'canary/tsconfig.json',
    `{ "extends": "../tsconfig.base.json", "compilerOptions": { "lib": ["es2023", "dom"], "types": ["svelte"] }, "include": ["."] }`,
  );
  const program = join(root, 'node_modules', 'svelte-check', 'bin', 'svelte-check');
  const words = [program, '--workspace', 'canary', '--tsconfig', './tsconfig.json', '--fail-on-warnings'];
  const outcome = spawnSync(process.execPath, [...words, '--output', 'machine'], { cwd: tree, encoding: 'utf8' });
  expect(outcome.stdout).toMatch(/ERROR "Wrong\.svelte" .*not assignable to type/);
  expect(outcome.stdout).not.toContain('Right.svelte');
  expect(outcome.status).not.toBe(0);
});
