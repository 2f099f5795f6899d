/** What is installed, proven by `npm run packages-proof`. */
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  testMatch: 'packages.ts',
  workers: 1,
  timeout: 60 * 60_000,
  expect: { timeout: 60_000 },
  reporter: [['list'], ['json', { outputFile: '../test-results/packages.json' }]],
  outputDir: '../test-results/packages-work',
});
