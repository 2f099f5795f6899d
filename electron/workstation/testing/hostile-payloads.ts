/**
 * Arguments that no honest window sends: of the wrong type, too long, too deep, in a circle, with names that JavaScript gives a
 * meaning, or right but for one place. Made from the schema of a request, so that what passes it is tried too.
 */
import fc from 'fast-check';
import * as v from 'valibot';

/** As much of a schema as the making of values needs. */
interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly items?: readonly Shape[];
  readonly item?: Shape;
  readonly wrapped?: Shape;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly key?: Shape;
  readonly value?: Shape;
}

const deepest = 5000;

function nested(wrap: (inside: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let depth = 0; depth < deepest; depth += 1) value = wrap(value);
  return value;
}

function circle(): unknown {
  const value: Record<string, unknown> = { text: 'x' };
  value['self'] = [value];
  return value;
}

/** Own properties of these names, as JSON.parse and a structured clone make them. */
const named = (name: string): unknown => JSON.parse(`{ "${name}": { "isAdmin": true, "toString": 1 } }`);

/** Texts that mean something to a path, a query, a terminal or an object. */
const hostileTexts = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '../../../../etc/passwd',
    '/etc/passwd',
    '/',
    '/proc/self/mem',
    '/dev/zero',
    '~',
    'C:\\x',
    '\\\\host\\share',
  ],
  ...[
    'a\0b',
    '\r\n',
    '\u001b[2J\u0007',
    '\u202egpj.exe',
    '\ud800',
    'ﬀ',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
  ],
  ...[
    "'; DROP TABLE runs; --",
    '${1}',
    '{{x}}',
    '<script>',
    '-rf',
    '--version',
    'https://evil.example/',
    'file:///etc/passwd',
  ],
  ...['NaN', '-0', '1e400', 'null', 'x'.repeat(300), 'x'.repeat(1_000_000), '/'.repeat(5000)],
];

const hostileNumbers = [
  ...[0, -0, -1, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), Number.MAX_VALUE, 5e-324],
];

/** Values that a structured clone carries, and no schema expects. */
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...hostileTexts),
  fc.constantFrom<unknown>(...hostileNumbers),
  fc.constantFrom<unknown>(null, undefined, true, false, 2n ** 80n, [], {}),
  fc
    .constantFrom(
      ...[
        () => nested((inside) => [inside]),
        () => nested((inside) => ({ parts: inside, values: { of: inside } })),
        circle,
        () => named('__proto__'),
        () => named('constructor'),
        () => new Date(Number.NaN),
        () => /x+/,
        () => new Map([['length', 1]]),
        () => new Set([1]),
        () => new Uint8Array(1 << 20),
        () => new Error('x'),
        // As long as an array can be, and nothing in it.
        () => new Array<undefined>(2 ** 32 - 1),
        () => Array.from({ length: 20_000 }, () => ({})),
        () => ({ length: 2, 0: 'a', 1: 'b' }),
      ],
    )
    .map((make) => make()),
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, maxDepth: 3 }),
);

/** Values that a schema may accept. @param known ids and paths that mean something here */
function valuesOf(schema: Shape, known: readonly string[]): fc.Arbitrary<unknown> {
  const of = (inner: Shape): fc.Arbitrary<unknown> => valuesOf(inner, known);
  const fitting = (candidates: readonly unknown[]): fc.Arbitrary<unknown> => {
    const fit = candidates.filter((one) => v.is(schema as unknown as v.GenericSchema, one));
    return fc.constantFrom(...(fit.length > 0 ? fit : candidates));
  };
  switch (schema.type) {
    case 'string':
      return fc.oneof({ weight: 3, arbitrary: fitting(known) }, fitting(hostileTexts));
    case 'number':
      return fitting([1, 2, 3, 10, 0.25, 100, ...hostileNumbers]);
    case 'boolean':
      return fc.boolean();
    case 'literal':
      return fc.constant(schema.literal);
    case 'picklist':
      return fc.constantFrom(...schema.options!);
    case 'nullable':
      return fc.oneof(fc.constant(null), of(schema.wrapped!));
    case 'optional':
      return fc.oneof(fc.constant(undefined), of(schema.wrapped!));
    case 'union':
    case 'variant':
      return fc.oneof(...(schema.options as readonly Shape[]).map(of));
    case 'strict_object':
      return fc
        .record(Object.fromEntries(Object.entries(schema.entries!).map(([key, entry]) => [key, of(entry)])))
        .map((value) => Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)));
    case 'array':
      return fc.array(of(schema.item!), { maxLength: 4 });
    case 'tuple':
    case 'strict_tuple':
      return fc.tuple(...schema.items!.map(of));
    case 'record':
      return fc.dictionary(fc.constantFrom(...known, '__proto__', 'constructor'), of(schema.value!), { maxKeys: 3 });
    case 'lazy':
      // A value that may hold itself: one of its kinds that does not.
      return fc.constantFrom<unknown>('x', 1, { text: 'x' });
    default:
      throw new Error(`No values are made for a schema of type "${schema.type}" yet; add it here.`);
  }
}

/** The same value with one place of it replaced, one field more, or one less. */
function spoiled(value: unknown, at: readonly number[], by: unknown): unknown {
  const [first, ...rest] = at;
  if (first === undefined || typeof value !== 'object' || value === null) return by;
  const keys = Object.keys(value);
  const key = keys[first % (keys.length + 1)];
  const part = key === undefined ? by : spoiled((value as Record<string, unknown>)[key], rest, by);
  if (Array.isArray(value)) return key === undefined ? [...(value as unknown[]), by] : value.with(Number(key), part);
  return { ...value, [key ?? 'extra']: part };
}

/** Arguments for a request with this schema, as they arrive in the main process: a structured clone. */
export function hostilePayloads(args: v.GenericSchema, known: readonly string[]): fc.Arbitrary<unknown> {
  const right = valuesOf(args, known);
  const place = fc.array(fc.nat(12), { minLength: 1, maxLength: 5 });
  return fc.oneof(
    hostile,
    fc.array(hostile, { maxLength: 5 }),
    { weight: 2, arbitrary: right },
    { weight: 2, arbitrary: fc.tuple(right, place, hostile).map(([value, at, by]) => spoiled(value, at, by)) },
  );
}

/** What the bridge would hand over; undefined for what it refuses to carry. */
export function carried(payload: unknown): { readonly payload: unknown } | undefined {
  try {
    return { payload: structuredClone(payload) };
  } catch (error) {
    // Too deep for the stack, or not a value: it never leaves the window.
    if (error instanceof DOMException || error instanceof RangeError) return undefined;
    throw error;
  }
}
