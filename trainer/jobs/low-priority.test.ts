import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { expect, test } from 'vitest';

test('a process that runs in the background leaves the processor to others, with all its threads', () => {
  const script = `
    import { readdirSync } from 'node:fs';
    import { getPriority } from 'node:os';
    import { runInBackground } from ${JSON.stringify(new URL('low-priority.ts', import.meta.url).href)};
    runInBackground();
    const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [0];
    console.log(JSON.stringify(threads.map((thread) => getPriority(thread))));`;
  const priorities: unknown = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }),
  );
  expect(priorities).toEqual(expect.arrayContaining([constants.priority.PRIORITY_LOW]));
  expect(new Set(priorities as number[]).size).toBe(1);
});
