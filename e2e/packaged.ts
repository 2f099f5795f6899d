/** The program as a package holds it. Its fuses refuse the inspector that other tests drive it by, so Chromium's own protocol does. */
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { chromium, type Page } from '@playwright/test';
import type { ChildProcess } from 'node:child_process';
import { expect } from './app.ts';

/** The window of a program that was started with `--remote-debugging-port=0`, which is ended afterwards. */
export async function withWindowOf(program: ChildProcess, use: (page: Page) => Promise<void>): Promise<void> {
  let said = '';
  program.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise((done) => program.once('exit', done));
  try {
    const listening = /DevTools listening on (ws:\S+)/;
    await expect.poll(() => said, { timeout: 60_000 }).toMatch(listening);
    const browser = await chromium.connectOverCDP(listening.exec(said)![1]!);
    const [context] = browser.contexts();
    const page = context!.pages()[0] ?? (await context!.waitForEvent('page'));
    await expect(page.getByRole('navigation').first()).toBeVisible();
    await use(page);
  } finally {
    program.kill('SIGTERM');
    await ended;
  }
}

/** Reads the fuses back from the program's file. */
export async function expectFuses(program: string): Promise<void> {
  const fuses = await getCurrentFuseWire(program);
  const states = Object.fromEntries(
    [
      FuseV1Options.RunAsNode,
      FuseV1Options.EnableNodeOptionsEnvironmentVariable,
      FuseV1Options.EnableNodeCliInspectArguments,
      FuseV1Options.EnableCookieEncryption,
      FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
      FuseV1Options.OnlyLoadAppFromAsar,
      FuseV1Options.GrantFileProtocolExtraPrivileges,
    ].map((fuse) => [FuseV1Options[fuse], fuses[fuse]]),
  );
  expect(states).toEqual({
    RunAsNode: FuseState.DISABLE,
    EnableNodeOptionsEnvironmentVariable: FuseState.DISABLE,
    EnableNodeCliInspectArguments: FuseState.DISABLE,
    EnableCookieEncryption: FuseState.ENABLE,
    EnableEmbeddedAsarIntegrityValidation: FuseState.ENABLE,
    OnlyLoadAppFromAsar: FuseState.ENABLE,
    GrantFileProtocolExtraPrivileges: FuseState.DISABLE,
  });
}
