import process from 'node:process';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { configDefaults, defineConfig } from 'vitest/config';

/** Long tests, run by `npm run test:nightly` only. */
const nightly = process.env.REPRISE_NIGHTLY === '1' ? [] : ['**/*.nightly.*'];
const exclude = [...configDefaults.exclude, 'out/**', ...nightly];

/** Where properties draw their cases from. */
const setupFiles = ['./scripts/property-seed.ts'];

export default defineConfig({
  test: {
    // A first gradient on two busy cores takes seconds; a hung test is still found.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Every core: vitest leaves one idle, which on two cores is half of them.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          setupFiles,
          include: ['{trainer,electron,scripts}/**/*.test.ts'],
          exclude: [...exclude, '**/*.native.test.ts'],
        },
      },
      {
        test: {
          name: 'dom',
          environment: 'jsdom',
          setupFiles: [...setupFiles, './renderer/dev/jsdom-layout.ts'],
          include: ['renderer/**/*.test.ts'],
          exclude,
        },
        plugins: [svelte()],
        // Svelte's server build is what the other conditions would find; it has no mount.
        resolve: { conditions: ['browser'] },
      },
      {
        test: {
          name: 'native',
          environment: 'node',
          setupFiles,
          include: ['{trainer,electron}/**/*.native.test.ts'],
          exclude,
          // Each loads TensorFlow or starts programs: one process a file. While one builds its graphs, which takes one core,
          // another computes.
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
