/**
 * Metrics of the source layout: files per room, imports across rooms, import cycles between rooms, the longest files
 * and functions.
 *
 *   node scripts/structure.mjs             the table
 *   node scripts/structure.mjs --check     no file over 400 lines, no function over 80, no cycle of rooms: part of npm run check
 *
 * A room is a folder. Tests, words and data are exempt from the limits; other exemptions are in `excused`, with their
 * reasons.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { parse } from 'svelte/compiler';
import ts from 'typescript';
import { filesUnder } from './files.mjs';
import { root } from './runtime.mjs';

const longestFile = 400;
const longestFunction = 80;

/** Path → why it may be longer. @type {Readonly<Record<string, string>>} */
const excused = {
  'renderer/locales/en.ts': 'a table of words',
  'renderer/locales/zh.ts': 'a table of words',
  'electron/terminal/words.ts': 'a table of words',
  'electron/workstation/report/locales/en.ts': 'a table of words',
  'electron/workstation/report/locales/zh.ts': 'a table of words',
  'trainer/recipe.ts': 'the whole interface that a recipe meets, on one page',
  'trainer/kernels/pixels.ts': 'AssemblyScript, compiled as one module',
  'trainer/data/sample/sample-objects.ts': 'a table of the things pictured, a function each',
};

const folders = ['electron', 'trainer', 'renderer', 'e2e', 'scripts', 'bench'];
const isTest = (/** @type {string} */ path) => /\.test\.ts$|\.spec\.ts$|(^|\/)testing\//.test(path);

/** @typedef {{ name: string, lines: number }} Measured */

/** The source of a file and, of a component, its script alone. @param {string} path */
function scriptOf(path) {
  const text = readFileSync(join(root, path), 'utf8');
  if (!path.endsWith('.svelte')) return { text, script: text };
  const { instance } = parse(text, { modern: true });
  if (instance === null) return { text, script: '' };
  const { start, end } = /** @type {{ start: number, end: number }} */ (/** @type {unknown} */ (instance.content));
  return { text, script: text.slice(start, end) };
}

/** Readable name of a function. @param {ts.Node} node @returns {string} */
function nameOf(node) {
  if ('name' in node && node.name) return /** @type {ts.Node} */ (node.name).getText();
  const { parent } = node;
  if (parent && (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent))) return parent.name.getText();
  return '(anonymous)';
}

/** @param {string} path */
function measure(path) {
  const { text, script } = scriptOf(path);
  const source = ts.createSourceFile(path, script, ts.ScriptTarget.Latest, true);
  /** @type {Measured[]} */
  const functions = [];
  /** @type {string[]} */
  const imports = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const [first, last] = [node.getStart(), node.getEnd()].map(
        (place) => source.getLineAndCharacterOfPosition(place).line,
      );
      functions.push({ name: nameOf(node), lines: (last ?? 0) - (first ?? 0) + 1 });
    }
    const from =
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier
        ? node.moduleSpecifier
        : undefined;
    if (from && ts.isStringLiteral(from) && from.text.startsWith('.')) {
      imports.push(relative(root, resolve(root, dirname(path), from.text)));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { path, lines: text.split('\n').length - 1, functions, imports };
}

/** Cycles of rooms: sets that reach each other. @param {ReadonlyMap<string, ReadonlySet<string>>} uses */
function circles(uses) {
  /** @param {string} from */
  const reach = (from) => {
    const seen = new Set([...(uses.get(from) ?? [])]);
    for (const room of seen) for (const next of uses.get(room) ?? []) seen.add(next);
    return seen;
  };
  const reached = new Map([...uses.keys()].map((room) => [room, reach(room)]));
  const found = new Map();
  for (const [room, others] of reached) {
    if (!others.has(room)) continue;
    const circle = [...others].filter((other) => reached.get(other)?.has(room)).sort();
    found.set(circle.join(' ↔ '), circle);
  }
  return [...found.values()];
}

const paths = folders
  .flatMap((folder) => filesUnder(join(root, folder)))
  .map((path) => relative(root, path))
  .filter((path) => /\.(ts|mjs|svelte)$/.test(path) && !path.includes('node_modules'));
const measured = paths.map(measure);
const program = measured.filter(({ path }) => !isTest(path));

/** Room → how many files it holds. @type {Map<string, number>} */
const rooms = new Map();
for (const { path } of program) rooms.set(dirname(path), (rooms.get(dirname(path)) ?? 0) + 1);
/** @type {Map<string, Set<string>>} */
const uses = new Map();
let crossing = 0;
for (const { path, imports } of program) {
  for (const used of imports) {
    const [from, to] = [dirname(path), dirname(used)];
    if (from === to) continue;
    crossing += 1;
    uses.set(from, (uses.get(from) ?? new Set()).add(to));
  }
}
/** Files directly in a room's folder are its contract, which both it and the rooms inside may import. */
const between = new Map(
  [...uses].map(([from, others]) => [
    from,
    new Set([...others].filter((to) => !from.startsWith(`${to}/`) && !to.startsWith(`${from}/`))),
  ]),
);
const found = circles(between);
const files = [...program].sort((one, other) => other.lines - one.lines);
const functions = program
  .flatMap(({ path, functions: own }) => own.map((one) => ({ ...one, path })))
  .sort((one, other) => other.lines - one.lines);

const tooLong = [
  ...files
    .filter(({ path, lines }) => lines > longestFile && !(path in excused))
    .map(({ path, lines }) => `${path} has ${lines} lines; at most ${longestFile} are allowed.`),
  ...functions
    .filter(({ path, lines }) => lines > longestFunction && !(path in excused))
    .map(({ path, name, lines }) => `${path}: ${name} has ${lines} lines; at most ${longestFunction} are allowed.`),
  ...found.map((circle) => `Rooms import each other in a circle: ${circle.join(', ')}.`),
];

if (process.argv.includes('--check')) {
  for (const line of tooLong) console.error(line);
  process.exit(tooLong.length === 0 ? 0 : 1);
}
const largest = [...rooms].sort(([, one], [, other]) => other - one);
console.log(
  `rooms ${rooms.size}, files ${program.length}, tests and their helpers ${measured.length - program.length}`,
);
console.log(
  `imports that cross rooms ${crossing}, pairs of rooms ${[...uses.values()].reduce((sum, { size }) => sum + size, 0)}`,
);
console.log(`circles of rooms ${found.length}${found.map((circle) => `\n  ${circle.join(', ')}`).join('')}`);
console.log(
  `fullest rooms\n${largest
    .slice(0, 12)
    .map(([room, count]) => `  ${String(count).padStart(3)} ${room}`)
    .join('\n')}`,
);
console.log(
  `longest files\n${files
    .slice(0, 10)
    .map(({ lines, path }) => `  ${lines} ${path}`)
    .join('\n')}`,
);
console.log(
  `longest functions\n${functions
    .slice(0, 25)
    .map(({ lines, name, path }) => `  ${lines} ${path}: ${name}`)
    .join('\n')}`,
);
console.log(`over the limits ${tooLong.length}`);
