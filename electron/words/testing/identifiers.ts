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
/** As the last build wrote it, and the sources of the contracts. */
const catalogues = import.meta.glob<Readonly<Record<string, readonly Recipe[] | string>>>(
  '../../../out/catalogue.json',
  {
    eager: true,
    import: 'default',
  },
);
const contracts = import.meta.glob<string>(['../../../trainer/protocol/*.ts', '../../api/*.ts', '!**/*.test.ts'], {
  eager: true,
  query: '?raw',
  import: 'default',
});
const resources = import.meta.glob('../../../resources/{presets,plans}/*.json');

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
  ...['float16', 'float32', 'float64', 'bfloat16', 'tf32', 'int32', 'uint8'],
]);

const isUnwritten = (name: string): boolean => /^[a-z]+[A-Z]\w*$|^[a-z]\w*(-[\w.]+)+$|^[a-z]+\d+$/.test(name);

/** Strings and field names of a source file. */
function namesIn(source: string): readonly string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
  return [...code.matchAll(/'([a-z][\w.-]*)'|^\s+(?:readonly )?([a-z]\w*)\??:/gm)].flatMap(
    ([, text, field]) => text ?? field ?? [],
  );
}

/** All of them. @throws Error where the program was never built */
export function programIdentifiers(): ReadonlySet<string> {
  const [catalogue] = Object.values(catalogues);
  if (catalogue === undefined) throw new Error('out/catalogue.json is missing: build first.');
  const recipes = Object.values(catalogue).flatMap((kind) => (typeof kind === 'string' ? [] : kind));
  const metrics = recipes.flatMap(({ metrics: own = [] }) => own.map(({ name }) => name));
  const keys = recipes.flatMap(({ options = [] }) => options.flatMap(({ key, choices = [] }) => [key, ...choices]));
  const ids = recipes.map(({ id }) => id);
  const files = Object.keys(resources).flatMap((path) => /([^/]+)\.json$/.exec(path)?.[1] ?? []);
  const named = [...ids, ...metrics, ...metrics.flatMap((one) => [`probe/${one}`, `test/${one}`])];
  const shaped = [...keys, ...files, ...Object.values(contracts).flatMap(namesIn)].filter(isUnwritten);
  return new Set([...named, ...shaped].filter((name) => !words.has(name)));
}

/** A command, an option with its value, an absolute path, a path to a file, a file. */
const typed =
  /\breprise [^\n]*|--[\w-]+(?:[ =]\S+)?|(?:^|(?<=[\s(（：，“"]))(?:~|\.{1,2}|[A-Z]:)?[/\\]\S*|\S+\/\S+\.\w+|[\w.-]+\.(?:json|ndjson|csv|md|tex|html|pth|npy|txt)\b/g;

/** The identifiers that a text holds as whole words. */
export function identifiersIn(text: string, identifiers: ReadonlySet<string>): readonly string[] {
  const found =
    text.replaceAll(typed, ' ').match(/(?<![\w./-])[A-Za-z][\w-]*(?:\/[\w-]+)?(?:\.\d+)?(?![\w/-]|\.\w)/g) ?? [];
  return [...new Set(found.filter((word) => identifiers.has(word)))];
}
