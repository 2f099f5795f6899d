/**
 * Who may import whom (ARCHITECTURE.md): a tool keeps the boundaries, not discipline.
 *
 * A package is named by its folder in node_modules; `node:` modules are "core".
 */
/** Tests and what only tests import. */
const tests = String.raw`(\.test\.ts$|(^|/)testing(\.ts$|/))`;

/** @param {...string} names */
const packages = (...names) => `(^|/)node_modules/(${names.join('|')})(/|$)`;

/** What almost every room of the trainer may know: faults and files, the protocol, and leaves without knowledge of their own. */
const plain = [
  'trainer/durable',
  'trainer/protocol',
  'trainer/recipe.ts',
  'trainer/random.ts',
  'trainer/group-by.ts',
  'trainer/native-calls.ts',
  'trainer/runtime-folder.ts',
];

/** What every room of the desktop may know. */
const contract = [
  'electron/api',
  'electron/words',
  'electron/workstation/request-types.ts',
  'trainer/durable',
  'trainer/protocol',
];

/** Anything that is neither ours nor Node's: the list of packages a folder may use is what is left of it. */
const outside = '(^|/)node_modules/';

/**
 * The rooms: each folder with what it may know of our own, in the order in which they build on each other. ARCHITECTURE.md says in
 * a line what each is for. A folder that is not listed may know nothing.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const rooms = {
  'trainer/protocol': [],
  'trainer/durable': ['trainer/protocol'],
  'trainer/channel': ['trainer/durable', 'trainer/protocol'],
  'trainer/nn/ops': ['trainer/recipe.ts'],
  'trainer/nn/layers': ['trainer/nn/ops', 'trainer/recipe.ts'],
  'trainer/nn/networks': [
    'trainer/nn/layers',
    'trainer/nn/ops',
    'trainer/durable',
    'trainer/protocol/weights.ts',
    'trainer/recipe.ts',
  ],
  'trainer/nn/ssl': ['trainer/nn/layers', 'trainer/nn/ops', 'trainer/random.ts', 'trainer/recipe.ts'],
  'trainer/optim/optimizers': ['trainer/recipe.ts'],
  'trainer/optim/schedules': ['trainer/recipe.ts'],
  'trainer/encoders': ['trainer/nn', 'trainer/protocol/weights.ts', 'trainer/recipe.ts'],
  'trainer/methods': ['trainer/nn', 'trainer/durable', 'trainer/random.ts', 'trainer/recipe.ts'],
  'trainer/detection': ['trainer/durable', 'trainer/protocol'],
  'trainer/data': ['trainer/detection/object-table.ts', 'trainer/durable', 'trainer/protocol'],
  'trainer/detection/masks': ['trainer/detection/[^/]+$'],
  'trainer/detection/annotations': [
    'trainer/detection/masks',
    'trainer/detection/[^/]+$',
    'trainer/data/[^/]+$',
    ...plain,
  ],
  'trainer/data/pixels': ['trainer/data/[^/]+$', ...plain],
  // Data sets were published as pickles too, and one reader of pickles is enough to keep harmless.
  'trainer/data/formats': [
    'trainer/data/pixels',
    'trainer/data/[^/]+$',
    'trainer/durable',
    'trainer/protocol',
    'trainer/weights/pickle(-bytes|-values)?.ts',
  ],
  'trainer/data/copies': ['trainer/data/pixels', 'trainer/data/[^/]+$', ...plain],
  'trainer/data/apart': ['trainer/data/copies', 'trainer/data/pixels', 'trainer/data/[^/]+$', ...plain],
  'trainer/data/listing': [
    'trainer/data/apart',
    'trainer/data/copies',
    'trainer/data/formats',
    'trainer/data/pixels',
    'trainer/data/[^/]+$',
    'trainer/detection/annotations',
    'trainer/detection/[^/]+$',
    ...plain,
  ],
  'trainer/data/loading': [
    'trainer/data/apart',
    'trainer/data/listing',
    'trainer/data/pixels',
    'trainer/data/[^/]+$',
    'trainer/channel',
    'trainer/host-batch.ts',
    ...plain,
  ],
  'trainer/data/browsing': [
    'trainer/data/loading/index-file.ts',
    'trainer/data/listing',
    'trainer/data/pixels',
    'trainer/data/[^/]+$',
    'trainer/detection/[^/]+$',
    ...plain,
  ],
  'trainer/data/sample': ['trainer/data/pixels', 'trainer/durable', 'trainer/random.ts'],
  'trainer/datasets': ['trainer/data', 'trainer/detection/annotations', 'trainer/detection/[^/]+$', ...plain],
  'trainer/detection/figures': ['trainer/detection/masks', 'trainer/detection/[^/]+$', ...plain],
  'trainer/detection/results': [
    'trainer/detection/masks',
    'trainer/detection/[^/]+$',
    'trainer/data/(formats/lines|unusable-image).ts',
    ...plain,
  ],
  'trainer/detection/nets': ['trainer/nn', 'trainer/detection/[^/]+$', 'trainer/recipe.ts'],
  'trainer/detection/pictures': [
    'trainer/data',
    'trainer/channel',
    'trainer/detection/masks',
    'trainer/detection/[^/]+$',
    'trainer/host-batch.ts',
    ...plain,
  ],
  'trainer/evaluation/figures': ['trainer/nn/ops', ...plain],
  'trainer/evaluators': [
    'trainer/evaluation/figures',
    'trainer/detection/figures',
    'trainer/detection/nets',
    'trainer/nn',
    ...plain,
  ],
  'trainer/engine/binding': [
    'trainer/durable',
    'trainer/protocol',
    'trainer/native-calls.ts',
    'trainer/runtime-folder.ts',
  ],
  'trainer/engine': ['trainer/engine/binding', 'trainer/host-batch.ts', ...plain],
  'trainer/engine/graph': ['trainer/engine/binding', 'trainer/engine/engine.ts', 'trainer/host-batch.ts'],
  'trainer/engine/rewriters': ['trainer/engine/graph', 'trainer/engine/binding'],
  'trainer/engine/steps': [
    'trainer/engine/rewriters',
    'trainer/engine/graph',
    'trainer/engine/binding',
    'trainer/engine/engine.ts',
    'trainer/host-batch.ts',
    ...plain,
  ],
  'trainer/checkpoints': ['trainer/engine/engine.ts', 'trainer/durable', 'trainer/protocol'],
  'trainer/weights': ['trainer/checkpoints', 'trainer/durable', 'trainer/protocol', 'trainer/recipe.ts'],
  // A wheel is a zip archive, as PyTorch's checkpoints are.
  'trainer/wheels': ['trainer/weights/(archive|file).ts', 'trainer/durable', 'trainer/protocol'],
  'trainer/training': [
    'trainer/checkpoints',
    'trainer/channel',
    'trainer/engine/engine.ts',
    'trainer/host-batch.ts',
    ...plain,
  ],
  'trainer/evaluation': [
    'trainer/evaluation/figures',
    'trainer/training',
    'trainer/checkpoints',
    'trainer/data',
    'trainer/detection',
    'trainer/channel',
    'trainer/engine/(engine|binding/engine-facts).ts',
    'trainer/host-batch.ts',
    'trainer/nn/ops',
    'trainer/registry.ts',
    ...plain,
  ],
  'trainer/pretraining': [
    'trainer/evaluation',
    'trainer/training',
    'trainer/data',
    'trainer/channel',
    'trainer/engine/engine.ts',
    'trainer/registry.ts',
    ...plain,
  ],
  'trainer/maps': ['trainer/nn/ops', ...plain],
  'trainer/jobs': ['trainer'],
  trainer: ['trainer'],
  'electron/api': ['trainer/protocol'],
  'electron/words': ['electron/api', 'trainer/protocol'],
  'electron/workstation/store': ['electron/workstation/child-environment.ts', ...contract],
  'electron/workstation/workspace': ['electron/workstation/store', ...contract],
  'electron/workstation/trainer': ['electron/workstation/store', 'electron/workstation/workspace', ...contract],
  'electron/workstation/updates': [...contract],
  'electron/workstation/machine': ['electron/workstation/(store|trainer|workspace)', ...contract],
  'electron/workstation/data': [
    'electron/workstation/store',
    'electron/workstation/trainer',
    'electron/workstation/workspace',
    ...contract,
  ],
  'electron/workstation/comparison': ['electron/workstation/store', ...contract],
  // Numbers of TensorBoard's files, tables and lines of JSON; what they mean is said a room further.
  'electron/workstation/curves/formats': ['trainer/durable'],
  'electron/workstation/recovery': ['electron/workstation/store', 'electron/workstation/workspace', ...contract],
  'electron/workstation/curves': [
    'electron/workstation/curves/formats',
    'electron/workstation/(recovery|store|workspace)',
    ...contract,
  ],
  'electron/workstation/drafts': ['electron/workstation/(data|machine|store|trainer|workspace)', ...contract],
  'electron/workstation/weights': ['electron/workstation/(drafts|store|trainer|workspace)', ...contract],
  'electron/workstation/runs': [
    'electron/workstation/(comparison|data|drafts|recovery|store|trainer|workspace)',
    ...contract,
  ],
  'electron/workstation/report': ['electron/workstation/(comparison|data|machine|store|workspace)', ...contract],
  'electron/workstation/plans': [
    'electron/workstation/(comparison|data|drafts|report|runs|store|trainer|weights|workspace)',
    ...contract,
  ],
  'electron/workstation': ['electron/workstation', ...contract],
  'electron/terminal': ['electron/workstation', ...contract],
  'electron/shell': ['electron/workstation', ...contract],
  electron: ['electron', ...contract],
};

/** Folders of words and golden values, part of their room. @param {string} room */
const foldersInside = (room) => (Object.keys(rooms).some((other) => other.startsWith(`${room}/`)) ? 'locales/' : '');

/** A room may know itself, the folders inside that are not rooms of their own, and what is listed. */
const roomRules = Object.entries(rooms).map(([room, known]) => ({
  name: `room-${room.replaceAll('/', '-')}`,
  severity: 'error',
  from: {
    path: `^${room}/`,
    pathNot: [
      tests,
      ...Object.keys(rooms)
        .filter((other) => other.startsWith(`${room}/`))
        .map((inner) => `^${inner}/`),
    ],
  },
  to: {
    path: ['^trainer/', '^electron/'],
    pathNot: [
      `^${room}/([^/]+$|${foldersInside(room)})`,
      ...known.map((path) => (/\.ts$|\$$/.test(path) ? `^${path}` : `^${path}/`)),
    ],
  },
}));

export default {
  forbidden: [
    ...roomRules,
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
        pathNot: packages('@tensorflow/[^/]+', 'koffi', 'sharp', 'valibot', 'yazl', '@types/[^/]+'),
      },
    },
    {
      name: 'recipes-are-siblings',
      comment: 'A recipe may repeat ten lines of its neighbour, never import it.',
      severity: 'error',
      from: { path: '^trainer/(methods|encoders|datasets|evaluators|optim)/', pathNot: tests },
      to: { path: '^trainer/(methods|encoders|datasets|evaluators|optim)/' },
    },
    {
      name: 'recipes-know-no-engine',
      comment: 'A Learner is enough; the engine decides how to run it.',
      severity: 'error',
      from: { path: '^trainer/(methods|encoders|datasets|evaluators|optim|nn)/', pathNot: tests },
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
      name: 'shared-words-are-pure',
      comment: 'The window loads them too. A sentence is taken apart in one place, which imports nothing.',
      severity: 'error',
      from: { path: '^electron/words/', pathNot: tests },
      to: {
        path: ['^electron/', '^trainer/'],
        pathNot: ['^electron/words/', '^trainer/protocol/sentence\\.ts$'],
        dependencyTypesNot: ['type-only'],
      },
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
      to: { path: ['^electron/(?!(api|words)/)', '^trainer/(?!protocol/)'] },
    },
    {
      name: 'renderer-sees-types-only',
      comment: 'Main asks and the trainer computes; the window gets shapes, and the words that all programs share.',
      severity: 'error',
      from: { path: '^renderer/', pathNot: tests },
      to: { path: ['^electron/(?!words/)', '^trainer/'], dependencyTypesNot: ['type-only'] },
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
