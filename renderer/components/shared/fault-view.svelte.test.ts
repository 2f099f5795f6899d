import { flushSync, mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { Fault } from '../../../trainer/protocol/fault.ts';
import { words } from '../../lib/language/i18n.svelte.ts';
import FaultView from './FaultView.svelte';

let shown: ReturnType<typeof mount> | null = null;
function show(props: { fault: Fault; safe?: string; onretry?: () => void; label?: string }): HTMLElement {
  words.language = 'en';
  shown = mount(FaultView, { target: document.body, props });
  flushSync();
  return document.querySelector<HTMLElement>('[role="alert"]')!;
}
afterEach(async () => {
  if (shown !== null) await unmount(shown);
  shown = null;
});

const full: Fault = {
  code: 'disk-full',
  message: 'ENOSPC: no space left on device',
  values: { path: '/data', needed: 12, freeBytes: 2_000_000 },
  retry: 'free-space',
};

test('it says what happened, with which values, what is safe, what to do', () => {
  const text = show({ fault: full, safe: 'Everything up to step 1,200 is safe.' }).textContent;
  for (const part of ['The disk is full.', '/data', '2 MB', 'Free some space', 'step 1,200', 'ENOSPC'])
    expect(text).toContain(part);
});

test('there is one button, it carries the fault’s own action, and none without one', () => {
  const retry = vi.fn();
  const view = show({ fault: full, onretry: retry });
  const buttons = view.querySelectorAll('button');
  expect([...buttons].map((button) => button.textContent)).toEqual(['Try again after freeing space']);
  buttons[0]?.click();
  expect(retry).toHaveBeenCalledOnce();
});
test('no button without an action', () => {
  expect(show({ fault: full }).querySelector('button')).toBeNull();
});

test('it follows the language while it is shown', () => {
  const view = show({ fault: full });
  words.language = 'zh';
  flushSync();
  expect(view.textContent).toContain('磁盘已满。');
  words.language = 'en';
});

/** A write refused by the disk, as `durable/disk-fault.ts` tells it. */
const refused = (reason: Fault['reason'], system: string): Fault => ({
  code: 'disk-full',
  message: `/data/run.json could not be written (${system}): the disk is full.`,
  values: { path: '/data/run.json', system, neededBytes: 3 << 20, freeBytes: 1 << 20 },
  ...(reason !== undefined && { reason }),
  retry: 'free-space',
});

test('a disk that takes no more is named once, by what it refused, in both languages', () => {
  const text = show({
    fault: refused(
      { say: '{1} ({2} MiB needed, {3} MiB free)', with: [{ say: 'the disk is full', with: [] }, 3, 1] },
      'ENOSPC',
    ),
  }).textContent;
  expect(text).toContain('The disk is full (3 MiB needed, 1 MiB free).');
  expect(text.match(/disk is full/g)).toHaveLength(2); // The second is in the details, which are closed.
  expect(text).toContain('Free some space');
  for (const repeated of ['Needed', 'Free1']) expect(text).not.toContain(repeated);
  words.language = 'zh';
  flushSync();
  expect(document.querySelector('.what')!.textContent).toMatch(/^磁盘已满（.*）。$/);
  words.language = 'en';
});
test('a limit on the size of files is not called a full disk', () => {
  const reason = { say: 'the file would be larger than is allowed (ulimit -f, or the file system)', with: [] };
  show({ fault: refused(reason, 'EFBIG') });
  expect(document.querySelector('.what')!.textContent).toMatch(/^The file would be larger than is allowed/);
});
