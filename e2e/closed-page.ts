/** What the window's page may not do, seen from the page: the same in a checkout and in a package. */
import type { Page } from '@playwright/test';
import { expect } from './app.ts';

export async function expectNoNode(page: Page): Promise<void> {
  const kinds = await page.evaluate(() => [
    typeof (globalThis as Record<string, unknown>)['process'],
    typeof (globalThis as Record<string, unknown>)['require'],
  ]);
  expect(kinds).toEqual(['undefined', 'undefined']);
}

/** The policy is strict, and breaking it is reported and does nothing. */
export async function expectStrictPolicy(page: Page): Promise<void> {
  const policy = await page.evaluate(async () => (await fetch('/index.html')).headers.get('content-security-policy'));
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  const violated = await page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), {
          once: true,
        });
        const script = document.createElement('script');
        script.textContent = 'globalThis.broken = true';
        document.body.append(script);
      }),
  );
  expect(violated).toBe('script-src-elem');
  expect(await page.evaluate(() => (globalThis as Record<string, unknown>)['broken'])).toBe(undefined);
}

/** No navigation, no new window, no permission, no network. */
export async function expectNoWayOut(page: Page): Promise<void> {
  const before = page.url();
  await page.evaluate(() => {
    const link = document.createElement('a');
    link.href = 'https://example.com/';
    document.body.append(link);
    link.click();
    link.remove();
  });
  expect(await page.evaluate(() => window.open('https://example.com/') === null)).toBe(true);
  expect(page.url()).toBe(before);
  expect(await page.evaluate(async () => (await navigator.permissions.query({ name: 'geolocation' })).state)).toBe(
    'denied',
  );
  const answered = await page.evaluate(() =>
    fetch('https://example.com/').then(
      () => 'reached',
      () => 'refused',
    ),
  );
  expect(answered).toBe('refused');
}
