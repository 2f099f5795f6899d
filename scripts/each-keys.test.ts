/**
 * Two rows with the same key make Svelte throw, and the screen goes blank. Data may repeat whatever it likes, so a key holds the
 * index of its row, or stands for something that cannot repeat and is listed here with the reason.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, type AST } from 'svelte/compiler';
import { expect, test } from 'vitest';

const renderer = join(import.meta.dirname, '..', 'renderer');

/** Rows that keep what a person began in them when others come before them. */
const cannotRepeat: Readonly<Record<string, string>> = {
  'components/shared/Notices.svelte: notice.id': 'counted up by the window',
  'components/comparison/SelectionPicker.svelte: row.id': 'primary key of the table of runs',
  'components/runs/CurveMultiples.svelte: group.id': 'the first name of a group; groups divide the keys of a map',
  'components/data/PictureGrid.svelte: row': 'counted by the grid',
  'components/data/PictureGrid.svelte: place': 'counted by the grid',
  'components/drafts/RunForm.svelte: description.key': 'a key of one object schema',
  'components/charts/ReferenceList.svelte: reference.id':
    'primary key of the table of reference curves, or the name of a file of resources/curves',
  'components/queue/Queue.svelte: row.id': 'primary key of the table of runs',
  'components/runs/table/RunTable.svelte: id': 'primary key of the table of runs, or key of a map of groups',
  'views/Runs.svelte: cut.run': 'primary key of the table of runs',
  'views/Plans.svelte: cut.run': 'primary key of the table of runs',
  'views/Reports.svelte: row.id': 'the name of a folder of reports',
  'views/Weights.svelte: row.id': 'the name of a folder of weights',
  'views/Datasets.svelte: row.fingerprint': 'primary key of the table of data sets',
};

interface Loop {
  readonly key: string;
  readonly isUnique: boolean;
}

/** Names of variables in an expression, at any depth. */
function namesIn(node: unknown): readonly string[] {
  if (typeof node !== 'object' || node === null) return [];
  if ('type' in node && node.type === 'Identifier' && 'name' in node) return [String(node.name)];
  return Object.values(node).flatMap(namesIn);
}

const isLoop = (node: object): node is AST.EachBlock => 'type' in node && node.type === 'EachBlock';

/** The keyed loops of a component, and whether their keys are unique whatever the rows are. */
function loopsOf(source: string): readonly Loop[] {
  const loops: Loop[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (isLoop(node) && node.key !== undefined) {
      const [list, key] = [node.expression, node.key].map((part) => {
        const { start, end } = part as unknown as AST.BaseNode;
        return source.slice(start, end);
      }) as [string, string];
      const isLiteral = /^\[(?:[^\w[\].]*(?:'[^']*'|\d+))+\](?: as const)?$/.test(list);
      const isUnique = isLiteral || (node.index !== undefined && namesIn(node.key).includes(node.index));
      loops.push({ key, isUnique });
    }
    for (const part of Object.values(node)) visit(part);
  };
  visit(parse(source, { modern: true }).fragment);
  return loops;
}

test('no key of a row can repeat', () => {
  const files = readdirSync(renderer, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.svelte'));
  const loops = files.flatMap((file) =>
    loopsOf(readFileSync(join(renderer, file), 'utf8')).map((loop) => ({
      ...loop,
      place: `${file}: ${loop.key}`,
    })),
  );
  expect(loops.length).toBeGreaterThan(100);
  const doubtful = loops.filter(({ isUnique }) => !isUnique).map(({ place }) => place);
  expect([...new Set(doubtful)].sort()).toEqual(Object.keys(cannotRepeat).sort());
});

test('a key that is taken from a row alone is found, one that holds the index is not', () => {
  const keyOf = (block: string) => loopsOf(`<script lang="ts"></script>{#each ${block}}<i></i>{/each}`)[0];
  expect(keyOf('rows as row (row.name)')).toEqual({ key: 'row.name', isUnique: false });
  expect(keyOf('rows as row, at (row.name)')).toEqual({ key: 'row.name', isUnique: false });
  expect(keyOf('rows as { name, at: where }, at (`${name} ${at}`)')?.isUnique).toBe(true);
  expect(keyOf('rows as row, at (at)')?.isUnique).toBe(true);
  expect(keyOf("['a', 'b'] as const as name (name)")?.isUnique).toBe(true);
  expect(keyOf('[...names] as name (name)')?.isUnique).toBe(false);
});
