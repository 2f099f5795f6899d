import { defineConfig } from 'eslint/config';
import js from '@eslint/js';
import globals from 'globals';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** A name of Electron's that only one file may import; the message says which. */
const onlyIn = (name, file) => ({
  name: 'electron',
  importNames: [name],
  message: `Only ${file} touches ${name}. Use what that file exports.`,
});

export default defineConfig(
  {
    ignores: [
      'out/',
      'dist/',
      'release/',
      '.runtime/',
      'test-results/',
      'playwright-report/',
      'scripts/planted/',
      'trainer/kernels/',
    ],
  },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  svelte.configs.recommended,
  { languageOptions: { parserOptions: { projectService: true, extraFileExtensions: ['.svelte'] } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { globals: globals.browser, parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      // `{ secret, ...shown }` is how a field is left out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // It believes that a variable a callback may change in the meantime still is what it was.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      'no-restricted-imports': [
        'error',
        {
          paths: [
            onlyIn('ipcMain', 'electron/shell/ipc.ts'),
            onlyIn('ipcRenderer', 'electron/shell/preload.ts'),
            onlyIn('shell', 'electron/shell/links.ts'),
          ],
        },
      ],
      // `== null` asks for either absence, where both can come; `=== null` and `=== undefined` ask for the one that can.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
        {
          selector: ':matches(PropertyDefinition, MethodDefinition, TSParameterProperty)[accessibility]',
          message: 'A private member is `#name`; the others are public.',
        },
        {
          selector: 'ObjectExpression > SpreadElement > ObjectExpression',
          message: 'Write the properties out: TypeScript checks no excess property through a spread.',
        },
      ],
    },
  },
  { files: ['electron/shell/{ipc,preload,links}.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['**/*.ts', '**/*.svelte'],
    rules: {
      // TypeScript already knows every name, in components too.
      'no-undef': 'off',
      // An index that is in bounds by construction is asserted with `!`, which noUncheckedIndexedAccess would else turn
      // into a branch an element.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // What answers with a promise is async, so that what it throws is a rejection too.
      '@typescript-eslint/require-await': 'off',
      // Interfaces here are records of functions; none of them knows a `this`.
      '@typescript-eslint/unbound-method': 'off',
      // tfjs declares as classes what it only reads as records.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    rules: {
      // `{' '}` keeps a space that Svelte trims at the end of a block.
      'svelte/no-useless-mustaches': 'off',
      // `void value;` in an effect says: look again when this changes.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Maps and sets here are built whole and replaced.
      'svelte/prefer-svelte-reactivity': 'off',
      // The parser does not see the types that Svelte gives events and snippets; svelte-check does.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  // Playwright reads a fixture's needs from its first parameter, which must be a pattern.
  { files: ['e2e/*.ts'], rules: { 'no-empty-pattern': 'off' } },
  {
    files: ['**/*.mjs', '*.config.js', '**/*.config.ts', '.*.mjs'],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: globals.node },
  },
  { files: ['*.config.js', '**/*.config.ts', '.*.mjs'], rules: { 'no-restricted-syntax': 'off' } },
);
