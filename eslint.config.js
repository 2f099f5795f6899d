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
  { ignores: ['out/', 'dist/', 'release/', '.runtime/', 'test-results/', 'playwright-report/', 'scripts/planted/'] },
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
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
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
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' }],
    },
  },
  { files: ['electron/shell/{ipc,preload,links}.ts'], rules: { 'no-restricted-imports': 'off' } },
  // Arithmetic over typed arrays, and expectations: an index that is in bounds by construction is asserted with `!`,
  // which noUncheckedIndexedAccess would else turn into a branch an element.
  { files: ['trainer/**/*.ts', '**/*.test.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  // TypeScript already knows every name, in components too.
  { files: ['**/*.ts', '**/*.svelte'], rules: { 'no-undef': 'off' } },
  {
    files: ['**/*.mjs', '*.config.js', '*.config.ts', '.*.mjs'],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: globals.node },
  },
  { files: ['*.config.js', '*.config.ts', '.*.mjs'], rules: { 'no-restricted-syntax': 'off' } },
);
