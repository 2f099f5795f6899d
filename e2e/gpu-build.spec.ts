/** TensorFlow for NVIDIA GPUs from the offer to its removal, on a machine whose driver is a script and whose wheels are small. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import type { GpuBuild } from '../electron/api/gpu-build.ts';
import { ask, expect, launch, test, violationsOf, type Program } from './app.ts';
import { certificate, programWith, serve, smallWheels } from './small-index.ts';

const card = '0, GPU-0, NVIDIA H100, 9.0, 580.65.06, 81559, 4';

/** A driver that tells of a card; TensorFlow finds none. */
function driverIn(folder: string): string {
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  writeFileSync(join(programs, 'nvidia-smi'), `#!/bin/sh\necho "${card}"\n`, { mode: 0o755 });
  return [programs, process.env['PATH'] ?? ''].join(delimiter);
}

/** The page of the hardware in a language; with REPRISE_PICTURES a picture of it. */
async function show({ page }: Program, language: 'en' | 'zh', name: string): Promise<void> {
  const about = (await ask(page, 'about')) as { readonly settings: object };
  await ask(page, 'changeSettings', { ...about.settings, language });
  await page.reload();
  await page.evaluate(() => (location.hash = '#/hardware'));
  await expect(page.getByTestId('gpu-build')).toBeVisible({ timeout: 30_000 });
  expect(await violationsOf(page, '[data-testid="gpu-build"]')).toEqual([]);
  const pictures = process.env['REPRISE_PICTURES'];
  if (pictures === undefined) return;
  for (const [width, theme] of [
    [1280, 'light'],
    [900, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate((wanted) => (document.documentElement.dataset['theme'] = wanted), theme);
    await page.getByTestId('gpu-build').scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(pictures, `${name}-${language}-${width}.png`), fullPage: true });
  }
}

test('a GPU build is offered, downloaded, interrupted, taken up, tried, left for the processor’s and removed', async ({
  home,
  profile,
}) => {
  test.setTimeout(300_000);
  const wheels = await smallWheels();
  const index = await serve(wheels);
  const program = await launch(
    home,
    profile,
    {
      PATH: driverIn(profile),
      XDG_DATA_HOME: join(profile, 'data'),
      PIP_INDEX_URL: index.address,
      NODE_EXTRA_CA_CERTS: certificate,
    },
    programWith(wheels, profile),
  );
  const { page } = program;
  const section = page.getByTestId('gpu-build');
  const state = (wanted: GpuBuild['state']) =>
    expect(section).toHaveAttribute('data-state', wanted, { timeout: 60_000 });
  try {
    await test.step('the offer says what it takes, whose licences apply, and from where it comes', async () => {
      await show(program, 'zh', 'offer');
      await show(program, 'en', 'offer');
      await state('absent');
      await expect(section).toContainText('NVIDIA H100');
      await expect(section).toContainText(new URL(index.address).host);
      await expect(section.getByRole('button', { name: 'NVIDIA CUDA Toolkit EULA' })).toBeVisible();
    });

    await test.step('the download tells its rate, is cancelled, and goes on from there', async () => {
      await section.getByRole('button', { name: 'Download and install' }).click();
      const job = section.getByRole('group', { name: 'Installing TensorFlow for NVIDIA GPUs' });
      await expect(job).toContainText(/Downloading\s+· \d+ %\s+· .*B\/s/);
      await show(program, 'zh', 'installing');
      await show(program, 'en', 'installing');
      await section.getByTestId('cancel-job').click();
      await state('absent');
      await expect(section).toContainText(' left, from ');
      index.rate = 1e9;
      await section.getByRole('button', { name: 'Continue the download' }).click();
    });

    await test.step('what TensorFlow cannot load is not used, and why is said', async () => {
      await state('failed');
      expect(index.asked.filter((asked) => / [1-9]/.test(asked)).length).toBeGreaterThan(0);
      await expect(section.getByRole('alert')).toContainText('Runs compute on the processor.');
      await expect(section.getByRole('alert')).toContainText(/libcusolver\.so\.11 cannot be loaded/);
      await show(program, 'zh', 'failed');
      await show(program, 'en', 'failed');
      // The processor computes: the doctor multiplies on it.
      await expect(page.locator('[data-check="device"]')).toContainText('CPU:0', { timeout: 60_000 });
    });

    await test.step('another try fails alike; removing it frees its space and offers it again', async () => {
      await section.getByRole('button', { name: 'Try again' }).click();
      await state('failed');
      await section.getByTestId('remove-gpu-build').click();
      await section.getByTestId('remove-gpu-build-confirm').click();
      await state('absent');
      expect(await ask(page, 'gpuBuild')).toMatchObject({ usedBytes: 0 });
    });
  } finally {
    await program.close();
    await index.close();
  }
  expect(program.complaints).toEqual([]);
});
