/** The built program: no line that TensorFlow or Node logs for itself reaches the user. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { widthOf } from './text-width.ts';

const program = fileURLToPath(new URL('../../out/node/headless.js', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'reprise-quiet-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

// `npm test` builds first. The level is what TensorFlow says everything at, the preloaded file what an old package would do.
test.skipIf(!existsSync(program))('commands say their own lines only, none wider than 100', () => {
  const warns = join(home, 'warns.cjs');
  writeFileSync(warns, `setTimeout(() => process.emitWarning('old', 'DeprecationWarning', 'DEP0040'), 100).unref();\n`);
  const env = { ...process.env, REPRISE_HOME: home, TF_CPP_MIN_LOG_LEVEL: '0', NODE_OPTIONS: `--require=${warns}` };
  for (const lang of ['en', 'zh'])
    for (const command of ['doctor', 'presets', 'plan', 'runs', 'datasets', 'compare', 'weights']) {
      const ran = spawnSync(process.execPath, [program, command, '--lang', lang], { env, encoding: 'utf8' });
      const said = ran.stdout + ran.stderr;
      expect(said, command).not.toMatch(/absl|cpu_feature_guard|^[IWE]\d{4} |\(node:\d+\)|DEP\d{4}/m);
      expect(said.trim(), command).not.toBe('');
      for (const line of ran.stdout.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(100);
    }
});
