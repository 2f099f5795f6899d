/**
 * Identifiers of the program, for the tests that look for them in what people read: screens, reports, tables of the terminal.
 *
 * An identifier is a name that records, files and commands use for a thing: an id of the catalogue, a key of an option, a metric, and every
 * string and field of the contracts between the programs. Only what no person would write is looked for: camelCase, kebab-case, letters
 * with digits, and ids of recipes and metrics that are no word of English.
 *
 * Left out is what is typed or lies on a disk: a command with its options, a path, the name of a file. On a page and in a report such
 * things stand in `code`, `pre` or the class `code`, which the callers pass over.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

interface Recipe {
  readonly id: string;
  readonly options?: readonly { readonly key: string; readonly choices?: readonly string[] }[];
  readonly metrics?: readonly { readonly name: string }[];
}

/** Ids of the catalogue that are words, or that people write the same way. */
const words = new Set([
  ...['supervised', 'linear', 'constant', 'steps', 'sample', 'map', 'alignment', 'uniformity'],
  // Compounds of English.
  ...['semi-supervised', 'label-free', 'out-of-memory', 'read-only'],
  // Types of numbers, as papers and frameworks write them.
  ...['float16', 'float32', 'float64', 'bfloat16', 'int32', 'uint8'],
]);

const isUnwritten = (name: string): boolean => /^[a-z]+[A-Z]\w*$|^[a-z]\w*(-[\w.]+)+$|^[a-z]+\d+$/.test(name);

/** Strings and field names of the source files of a folder. */
function namesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) => {
      const source = readFileSync(join(root, folder, file), 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
      return [...source.matchAll(/'([a-z][\w.-]*)'|^\s+(?:readonly )?([a-z]\w*)\??:/gm)].flatMap(
        ([, text, field]) => text ?? field ?? [],
      );
    });
}

/** All of them, from the catalogue of the last build and from the contracts. */
export function programIdentifiers(): ReadonlySet<string> {
  const catalogue = JSON.parse(readFileSync(join(root, 'out/catalogue.json'), 'utf8')) as Readonly<
    Record<string, readonly Recipe[] | string>
  >;
  const recipes = Object.values(catalogue).flatMap((kind) => (typeof kind === 'string' ? [] : kind));
  const metrics = recipes.flatMap(({ metrics: own = [] }) => own.map(({ name }) => name));
  const keys = recipes.flatMap(({ options = [] }) => options.flatMap(({ key, choices = [] }) => [key, ...choices]));
  const named = [...recipes.map(({ id }) => id), ...metrics, ...metrics.flatMap((one) => [`probe/${one}`, `test/${one}`])];
  const resources = ['presets', 'plans'].flatMap((kind) =>
    readdirSync(join(root, 'resources', kind)).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []),
  );
  const contracts = [...namesIn('trainer/protocol'), ...namesIn('electron/api')];
  const shaped = [...keys, ...resources, ...contracts].filter(isUnwritten);
  return new Set([...named, ...shaped].filter((name) => !words.has(name)));
}

/** A command, an option with its value, an absolute path, a path to a file, a file. */
const typed = /\breprise [^\n]*|--[\w-]+(?:[ =]\S+)?|(?:^|(?<=[\s(（：，“"]))(?:~|\.{1,2}|[A-Z]:)?[/\\]\S*|\S+\/\S+\.\w+|[\w.-]+\.(?:json|ndjson|csv|md|tex|html|pth|npy|txt)\b/g;

/** The identifiers that a text holds as whole words. */
export function identifiersIn(text: string, identifiers: ReadonlySet<string>): readonly string[] {
  const found = text.replaceAll(typed, ' ').match(/(?<![\w./-])[A-Za-z][\w-]*(?:\/[\w-]+)?(?:\.\d+)?(?![\w/-]|\.\w)/g) ?? [];
  return [...new Set(found.filter((word) => identifiers.has(word)))];
}
