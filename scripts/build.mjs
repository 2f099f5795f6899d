/**
 * Builds the programs into `out/` with Vite. A target whose sources are unchanged is left alone.
 *
 *   node scripts/build.mjs [target…] [--force]
 */
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { filesUnder, readJson, writeJson } from './files.mjs';
import { withLock } from './lock.mjs';
import { childEnvironment, locations, root } from './runtime.mjs';

const out = join(root, 'out');
const record = join(out, 'build.json');

/**
 * @typedef {object} Target
 * @property {string} id
 * @property {readonly string[]} sources folders and files whose contents determine whether the target is stale
 * @property {Readonly<Record<string, string>>} entries output name → entry file, relative to the root
 * @property {string} folder output folder, relative to the root
 * @property {(entries: Readonly<Record<string, string>>) => import('vite').InlineConfig |
 * Promise<import('vite').InlineConfig>} config
 * @property {() => Promise<void>} [after] run once the bundle is written
 */

/**
 * A plain Node program: packages stay outside the bundle and are found in node_modules.
 * @param {string} folder
 * @param {string} target
 * @returns {Target['config']}
 */
export function nodeProgram(folder, target) {
  return (entries) => ({
    build: {
      ssr: true,
      target,
      outDir: join(root, folder),
      rolldownOptions: {
        input: entries,
        // Chunks lie beside the entries, so that `new URL('./decode-worker.js', import.meta.url)` holds in both.
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunk-[name]-[hash].js' },
      },
    },
  });
}

/** @type {readonly Target[]} */
export const targets = [
  {
    id: 'main',
    sources: ['electron', 'trainer/protocol', 'trainer/durable'],
    entries: { main: 'electron/main.ts' },
    folder: 'out/main',
    config: (entries) => ({
      // In a package it lies in an archive without packages. (The oldest Electron that set-up can install has Node 20.18.)
      ssr: { noExternal: true, external: ['electron'] },
      ...nodeProgram('out/main', 'node20.18')(entries),
    }),
    after: copyFonts,
  },
  {
    id: 'preload',
    sources: ['electron/shell/preload.ts', 'electron/api', 'trainer/protocol'],
    entries: { preload: 'electron/shell/preload.ts' },
    folder: 'out/preload',
    config: (entries) => ({
      // A sandboxed preload can neither be a module nor require files: one CommonJS file with everything in it.
      ssr: { noExternal: true, external: ['electron'] },
      build: {
        ssr: true,
        target: 'node20.18',
        outDir: join(root, 'out/preload'),
        rolldownOptions: {
          input: entries,
          output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
        },
      },
    }),
  },
  {
    id: 'renderer',
    sources: ['renderer', 'electron/api', 'electron/words', 'trainer/protocol', 'svelte.config.js'],
    entries: { index: 'renderer/index.html' },
    folder: 'out/renderer',
    config: async (entries) => {
      const { svelte } = await import('@sveltejs/vite-plugin-svelte');
      return {
        root: join(root, 'renderer'),
        base: './',
        plugins: [svelte({ configFile: join(root, 'svelte.config.js') })],
        build: {
          target: 'chrome130',
          outDir: join(root, 'out/renderer'),
          // The content security policy allows fonts and scripts as files only, never as data: addresses.
          assetsInlineLimit: 0,
          modulePreload: { polyfill: false },
          rolldownOptions: { input: entries, checks: { pluginTimings: false } },
        },
      };
    },
  },
  {
    id: 'trainer',
    sources: ['trainer', 'resources'],
    entries: {
      trainer: 'trainer/main.ts',
      'decode-worker': 'trainer/decode-worker.ts',
      'examine-pictures': 'trainer/examine-pictures.ts',
      catalogue: 'trainer/write-catalogue.ts',
    },
    folder: 'out/node',
    config: nodeProgram('out/node', 'node22'),
    after: writeCatalogue,
  },
  {
    id: 'workstation',
    sources: ['electron', 'trainer/protocol', 'trainer/durable'],
    entries: { headless: 'electron/headless.ts', store: 'electron/workstation/store/child.ts' },
    folder: 'out/node',
    config: nodeProgram('out/node', 'node22'),
  },
];

/**
 * The files of a target that is built, relative to the root.
 * @param {string} id
 * @returns {readonly string[]}
 */
export const builtFiles = (id) => readJson(record)[id].files;

/** Targets needed for a run in the terminal; the main program only prints its report. */
export const terminalTargets = ['main', 'trainer', 'workstation'];

/** Writes the recipes' options as data, so that main and the window can render forms without loading recipes. */
async function writeCatalogue() {
  const program = join(out, 'node', 'catalogue.js');
  const { stdout } = await promisify(execFile)(locations.node, [program], {
    cwd: root,
    env: childEnvironment(),
    maxBuffer: 64 << 20,
  });
  writeJson(join(out, 'catalogue.json'), JSON.parse(stdout));
}

/** Packages of fonts, of which these files are shipped, in `out/fonts`. */
const fonts = [
  'noto-sans/400Regular/NotoSans_400Regular.ttf',
  'noto-sans/700Bold/NotoSans_700Bold.ttf',
  'noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf',
  'noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf',
  'noto-sans-mono/400Regular/NotoSansMono_400Regular.ttf',
];

async function copyFonts() {
  const folder = join(out, 'fonts');
  mkdirSync(folder, { recursive: true });
  for (const file of fonts)
    copyFileSync(join(root, 'node_modules', '@expo-google-fonts', file), join(folder, basename(file)));
}

/**
 * @param {Target} target
 * @returns {string} hash of everything that determines the target's output
 */
function inputHash(target) {
  const hash = createHash('sha256');
  const files = target.sources.flatMap((source) => filesUnder(join(root, source)));
  for (const file of [
    ...files,
    ...['package.json', 'package-lock.json', 'scripts/build.mjs'].map((name) => join(root, name)),
  ]) {
    if (/\.test\.ts$/.test(file)) continue;
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {Pick<Target, 'entries' | 'folder' | 'config'>} target
 * @returns {Promise<readonly string[]>} the files written, relative to the root
 */
export async function buildTarget(target) {
  const entries = Object.fromEntries(Object.entries(target.entries).map(([name, file]) => [name, join(root, file)]));
  const { build, mergeConfig } = await import('vite');
  const result = await build(
    mergeConfig(
      {
        configFile: false,
        root,
        logLevel: 'warn',
        build: {
          emptyOutDir: false,
          minify: false,
          sourcemap: true,
          reportCompressedSize: false,
          copyPublicDir: false,
        },
      },
      await target.config(entries),
    ),
  );
  const outputs = /** @type {import('vite').Rolldown.RolldownOutput[]} */ ([result].flat());
  return outputs.flatMap((output) => output.output.map((file) => join(target.folder, file.fileName)));
}

/**
 * Builds what is stale.
 * @param {{ only?: readonly string[], force?: boolean, log?: (line: string) => void }} [options]
 * @returns {Promise<readonly string[]>} the ids of the targets that were built
 */
export async function buildAll({ only = [], force = false, log = console.error } = {}) {
  const chosen = targets.filter((target) => only.length === 0 || only.includes(target.id));
  /** @param {Target} target */
  const isStale = (target) => {
    const known = readJson(record)?.[target.id];
    return (
      force ||
      known?.hash !== inputHash(target) ||
      known.files.some((/** @type {string} */ file) => !existsSync(join(root, file)))
    );
  };
  if (!chosen.some(isStale)) return [];
  const waiting = (/** @type {number} */ pid) =>
    log(`build: another build is running (process ${pid}), waiting for it`);
  return withLock(join(out, 'build.lock'), waiting, async () => {
    const built = [];
    for (const target of chosen.filter(isStale)) {
      const began = performance.now();
      const hash = inputHash(target);
      const files = await buildTarget(target);
      const known = readJson(record) ?? {};
      // A running program may still import a chunk of the previous build; older ones are deleted.
      const before = known[target.id] ?? { files: [], earlier: [] };
      for (const old of before.earlier) {
        if (!files.includes(old) && !before.files.includes(old)) rmSync(join(root, old), { force: true });
      }
      await target.after?.();
      writeJson(record, { ...known, [target.id]: { hash, files, earlier: before.files } });
      log(`build: ${target.id}, ${((performance.now() - began) / 1000).toFixed(1)} s`);
      built.push(target.id);
    }
    return built;
  });
}

/**
 * Builds stale targets, or exits with the error.
 * @param {Parameters<typeof buildAll>[0]} [options]
 */
export async function buildOrExplain(options) {
  try {
    await buildAll(options);
  } catch (error) {
    console.error(`The build failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2).filter((word) => !word.startsWith('-'));
  const unknown = names.filter((name) => !targets.some((target) => target.id === name));
  if (unknown.length > 0) {
    console.error(`No build target "${unknown.join(', ')}". Known: ${targets.map((target) => target.id).join(', ')}.`);
    process.exit(2);
  }
  await buildOrExplain({ only: names, force: process.argv.includes('--force') });
}
