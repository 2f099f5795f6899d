/**
 * The fonts that come with the program, for a system that has none for Chinese, or none at all: Chromium and GTK are told of their
 * folder, after the system's own fonts. So they are there for the window, its menus and dialogs, and for printed reports.
 */
import { app } from 'electron';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { escapeXml } from '../workstation/report/svg.ts';

const given = process.env['FONTCONFIG_FILE'];

/** Must run before the app is ready. @param folder on the disk, not in an archive: fontconfig reads it by itself */
export function offerFonts(folder: string): void {
  if (process.platform !== 'linux') return;
  const file = join(app.getPath('userData'), 'fonts.conf');
  try {
    mkdirSync(app.getPath('userData'), { recursive: true });
    writeFileSync(file, configurationOf(given ?? 'fonts.conf', folder));
  } catch (error) {
    // The system's fonts are nearly always enough.
    console.error(`The shipped fonts are not used: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  process.env['FONTCONFIG_FILE'] = file;
}

/** For a browser or a file manager, which may outlive this program: the fonts that it would have without. */
export function withdrawFonts(): void {
  if (given === undefined) delete process.env['FONTCONFIG_FILE'];
  else process.env['FONTCONFIG_FILE'] = given;
}

/** The fonts have names of their own in it, as systems prefer Noto Sans to other fonts that they have. */
function configurationOf(earlier: string, folder: string): string {
  const lastResort = (family: string, font: string): string =>
    `  <alias><family>${family}</family><default><family>${font} of Reprise</family></default></alias>`;
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">${escapeXml(earlier)}</include>
  <dir>${escapeXml(folder)}</dir>
  <match target="scan">
    <test name="file" compare="contains"><string>${escapeXml(folder)}/</string></test>
    <edit name="family" mode="assign"><plus><name>family</name><string> of Reprise</string></plus></edit>
  </match>
${lastResort('sans-serif', 'Noto Sans')}
${lastResort('system-ui', 'Noto Sans')}
${lastResort('monospace', 'Noto Sans Mono')}
</fontconfig>
`;
}
