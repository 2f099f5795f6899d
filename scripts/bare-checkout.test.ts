/** Every command of package.json must start in a checkout that has no packages yet: each of them fetches them first. */
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { readJson } from './files.mjs';

const root = join(import.meta.dirname, '..');
const { scripts } = readJson(join(root, 'package.json')) as { scripts: Readonly<Record<string, string>> };

/** What a module imports before its first line runs; `import()` comes later and may name a package. */
function staticImports(path: string) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  return source.statements.flatMap((statement) =>
    (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) &&
    statement.moduleSpecifier !== undefined &&
    ts.isStringLiteral(statement.moduleSpecifier)
      ? [statement.moduleSpecifier.text]
      : [],
  );
}

/** `file → package` for each package that is needed to load a module. */
function packagesNeeded(path: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  return staticImports(path).flatMap((name) => {
    if (name.startsWith('.')) return packagesNeeded(resolve(dirname(path), name), seen);
    return isBuiltin(name) ? [] : [`${relative(root, path)} → ${name}`];
  });
}

const commands = Object.entries(scripts).map(([name, command]) => [name, command.split(' ')[1] ?? ''] as const);

test.each(commands)('npm run %s loads without a package', (_name, file) => {
  expect(packagesNeeded(join(root, file))).toEqual([]);
});

test('a module that needs a package is told', () => {
  expect(packagesNeeded(join(root, 'scripts', 'structure.mjs'))).toContain('scripts/structure.mjs → typescript');
});
