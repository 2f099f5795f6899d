/**
 * Who may import whom (ARCHITECTURE.md): a tool keeps the boundaries, not discipline.
 *
 * A package is named by its folder in node_modules; `node:` modules are "core".
 */
/** Tests and what only tests import. */
const tests = String.raw`(\.test\.ts$|(^|/)testing(\.ts$|/))`;

/** @param {...string} names */
const packages = (...names) => `(^|/)node_modules/(${names.join('|')})(/|$)`;

/** Anything that is neither ours nor Node's: the list of packages a folder may use is what is left of it. */
const outside = '(^|/)node_modules/';

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'protocol-is-pure',
      comment: 'No node:, no DOM, no tensors: every program reads it.',
      severity: 'error',
      from: { path: '^trainer/protocol/', pathNot: tests },
      to: { pathNot: ['^trainer/protocol/', packages('valibot')] },
    },
    {
      name: 'trainer-stands-alone',
      severity: 'error',
      from: { path: '^trainer/' },
      to: {
        path: ['^electron/', '^renderer/', '^e2e/', packages('electron', 'better-sqlite3', 'svelte', 'chart\\.js')],
      },
    },
    {
      name: 'trainer-packages',
      comment: 'tfjs, koffi, sharp, valibot, and readers of formats.',
      severity: 'error',
      from: { path: '^trainer/', pathNot: tests },
      to: {
        path: outside,
        pathNot: packages(
          '@tensorflow/[^/]+',
          'koffi',
          'sharp',
          'valibot',
          'yauzl',
          'yazl',
          'hyparquet',
          '@types/[^/]+',
        ),
      },
    },
    {
      name: 'recipes-are-siblings',
      comment: 'A recipe may repeat ten lines of its neighbour, never import it.',
      severity: 'error',
      from: { path: '^trainer/(methods|datasets|evaluators)/', pathNot: tests },
      to: { path: '^trainer/(methods|datasets|evaluators)/' },
    },
    {
      name: 'recipes-know-no-engine',
      comment: 'A Learner is enough; the engine decides how to run it.',
      severity: 'error',
      from: { path: '^trainer/(methods|datasets|evaluators)/', pathNot: tests },
      to: { path: ['^trainer/engine/', packages('koffi', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu')] },
    },
    {
      name: 'main-sees-only-the-contract',
      severity: 'error',
      from: { path: '^electron/' },
      to: { path: ['^renderer/', '^trainer/(?!protocol/|durable/)'] },
    },
    {
      name: 'api-is-pure',
      severity: 'error',
      from: { path: '^electron/api/' },
      to: { pathNot: ['^trainer/protocol/', '^electron/api/'] },
    },
    {
      name: 'api-takes-types-only',
      severity: 'error',
      from: { path: '^electron/api/' },
      to: { dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workstation-knows-no-window',
      comment: 'It runs headless under plain Node.',
      severity: 'error',
      from: { path: ['^electron/workstation/', '^electron/headless\\.ts$'] },
      to: { path: ['^electron/(shell/|main\\.ts$)', packages('electron')] },
    },
    {
      name: 'desktop-packages',
      severity: 'error',
      from: { path: '^electron/', pathNot: tests },
      to: {
        path: outside,
        pathNot: packages('electron', 'valibot', 'better-sqlite3', '@types/better-sqlite3', '@types/node'),
      },
    },
    {
      name: 'sql-in-store-only',
      severity: 'error',
      from: { pathNot: '^electron/workstation/store/' },
      to: { path: packages('better-sqlite3', '@types/better-sqlite3') },
    },
    {
      name: 'renderer-sees-only-the-contract',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { path: ['^electron/(?!api/)', '^trainer/(?!protocol/)'] },
    },
    {
      name: 'renderer-sees-types-only',
      comment: 'Main asks and the trainer computes; the window gets shapes.',
      severity: 'error',
      from: { path: '^renderer/', pathNot: tests },
      to: { path: ['^electron/', '^trainer/'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'renderer-has-no-node',
      severity: 'error',
      from: { path: '^renderer/', pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'renderer-packages',
      severity: 'error',
      from: { path: '^renderer/', pathNot: tests },
      to: { path: outside, pathNot: packages('svelte', 'chart\\.js', 'chartjs-plugin-zoom', 'vite') },
    },
    {
      name: 'end-to-end-sees-types-only',
      comment: 'It drives the app as a user would.',
      severity: 'error',
      from: { path: '^e2e/' },
      to: { path: ['^electron/', '^trainer/', '^renderer/'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'scripts-stand-alone',
      severity: 'error',
      from: { path: '^scripts/', pathNot: tests },
      to: { path: ['^electron/', '^trainer/', '^renderer/', '^e2e/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^out/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    // `extraExtensionsToScan` would list components without reading their imports; this reads them.
    enhancedResolveOptions: {
      extensions: ['.ts', '.svelte', '.js', '.mjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'svelte', 'node', 'default', 'types'],
    },
  },
};
