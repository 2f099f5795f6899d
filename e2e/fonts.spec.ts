/** The window and the printed report on a system without any font, in both languages. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { About } from '../electron/api/settings.ts';
import { ask, electronPath, expect, launch, root, test } from './app.ts';

/** A configuration of fontconfig that names no folder. */
function withoutFonts(folder: string): { readonly FONTCONFIG_FILE: string } {
  const file = join(folder, 'no-fonts.conf');
  writeFileSync(file, '<?xml version="1.0"?><fontconfig></fontconfig>');
  return { FONTCONFIG_FILE: file };
}

test('the window is written in the fonts that come with the program', async ({ home, profile }) => {
  const program = await launch(home, profile, withoutFonts(profile));
  try {
    const { page } = program;
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('DOM.enable');
    await devtools.send('CSS.enable');
    for (const language of ['en', 'zh'] as const) {
      const { settings } = (await ask(page, 'about')) as About;
      await ask(page, 'changeSettings', { ...settings, language });
      await page.reload();
      await page.getByTestId('rail-settings').click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(language === 'zh' ? '设置' : 'Settings');
      await page.screenshot({ path: join(root, `test-results/no-fonts-${language}.png`) });
      const { root: tree } = await devtools.send('DOM.getDocument');
      const { nodeId } = await devtools.send('DOM.querySelector', { nodeId: tree.nodeId, selector: 'h1' });
      const { fonts } = await devtools.send('CSS.getPlatformFontsForNode', { nodeId });
      expect(fonts.map(({ familyName }) => familyName)).toEqual([language === 'zh' ? 'Noto Sans SC' : 'Noto Sans']);
    }
    expect(program.complaints).toEqual([]);
  } finally {
    await program.close();
  }
});

test('a report prints in them, and has them in its file', async ({ home, profile }) => {
  for (const [language, text] of [
    ['en', 'Linear evaluation of VICReg: 68.6 %'],
    ['zh', '预训练 VICReg 的线性评估：68.6 %'],
  ] as const) {
    const html = join(home, `${language}.html`);
    const pdf = join(home, `${language}.pdf`);
    writeFileSync(
      html,
      `<!doctype html><html lang="${language}"><meta charset="utf-8"><title>${text}</title>
       <body style="font: 14px system-ui, sans-serif"><h1>${text}</h1><p>${text}</p>
       <pre style="font-family: ui-monospace, monospace">code ${text}</pre>`,
    );
    const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    execFileSync(electronPath(), [root, ...flags, `--user-data-dir=${profile}`, '--print-pdf', html, pdf], {
      env: { ...process.env, ...withoutFonts(profile) },
      stdio: 'ignore',
    });
    const source = readFileSync(pdf, 'latin1');
    writeFileSync(join(root, `test-results/no-fonts-${language}.pdf`), readFileSync(pdf));
    const fonts = [...source.matchAll(/\/FontName \/(?:[A-Z]{6}\+)?([\w-]+)/g)].map(([, name = '']) => name);
    expect(fonts).toEqual(expect.arrayContaining(['NotoSans-Regular', 'NotoSans-Bold', 'NotoSansMono-Regular']));
    expect(fonts.includes('NotoSansSC-Regular'), fonts.join()).toBe(language === 'zh');
  }
});
