/** The packages that electron-builder makes of what is staged. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { Platform, build } from 'electron-builder';
import { locations, root } from '../runtime.mjs';
import { SetUpError } from '../setup/command.mjs';
import { libraryPackages } from '../setup/system.mjs';

/**
 * @typedef {object} Build
 * @property {string} edition '-dev', or nothing
 * @property {string} electronVersion
 * @property {string} windowProgram the name of Electron's program in the package
 * @property {Date} time of everything in it
 * @property {string} output folder
 * @property {import('./stage.mjs').Folders} folders what was staged
 */

const icon = join(root, 'resources', 'icons', 'reprise.png');

/** @param {Build} wanted @param {string} command a link to `reprise`, which the system's PATH has */
const configuration = ({ edition, electronVersion, windowProgram, output, folders }, command) => {
  const name = `reprise${edition}`;
  const system = {
    packageName: name,
    // electron-builder's own scripts link the program with the window; the terminal's is linked by the package.
    fpm: [`${command}=/usr/bin/${name}`],
  };
  return /** @type {import('electron-builder').Configuration} */ ({
    appId: `invalid.reprise${edition}`,
    productName: `Reprise${edition}`,
    directories: { app: folders.app, output, buildResources: dirname(icon) },
    electronDist: folders.electron,
    electronVersion,
    electronLanguages: ['en-US', 'zh-CN'],
    npmRebuild: false,
    nodeGypRebuild: false,
    asar: true,
    files: ['**/*', '!**/node_modules/**'],
    electronFuses: {
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableCookieEncryption: true,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      loadBrowserProcessSpecificV8Snapshot: false,
      grantFileProtocolExtraPrivileges: false,
    },
    async afterPack({ appOutDir }) {
      // As an extra resource it would lose its packages.
      await rename(folders.program, join(appOutDir, 'resources', 'program'));
    },
    publish: null,
    linux: {
      executableName: windowProgram,
      syncDesktopName: true,
      icon,
      category: 'Science',
      packageCategory: 'science',
      maintainer: 'Reprise <maintainers@reprise.invalid>',
      vendor: 'Reprise',
      synopsis: 'Reproduces self-supervised learning papers on this machine',
      description:
        'A workstation that reproduces self-supervised learning papers, VICReg first: pretraining, evaluation and comparison with the paper, without a network.',
      extraFiles: [{ from: join(root, 'scripts', 'packaging', 'reprise.sh'), to: 'reprise' }],
      desktop: {
        entry: {
          'Comment[zh_CN]': '在本机复现自监督学习论文',
          Keywords: 'machine learning;self-supervised;VICReg;',
        },
      },
    },
    deb: {
      ...system,
      compression: 'gz',
      depends: [...libraryPackages, 'libstdc++6', 'xdg-utils'],
      recommends: ['libnotify4', 'libsecret-1-0'],
    },
    rpm: {
      ...system,
      compression: 'gzip',
      // Fedora's names; installed without its dependencies in the tests, which run on Debian.
      depends: ['gtk3', 'nss', 'alsa-lib', 'mesa-libgbm', 'libdrm', 'libxshmfence', 'libstdc++', 'xdg-utils'],
    },
    // Neither has been built yet: for these systems no TensorFlow is pinned.
    win: { target: ['nsis'], icon },
    nsis: { oneClick: false, allowToChangeInstallationDirectory: true },
    mac: { target: ['dmg'], icon, category: 'public.app-category.education' },
  });
};

/**
 * @param {Build & { targets: readonly string[], nfpm: string }} wanted
 * @returns {Promise<readonly string[]>} the files made
 */
export async function buildByElectronBuilder({ targets, nfpm, ...wanted }) {
  const { links } = wanted.folders;
  const command = join(links, 'reprise');
  mkdirSync(links, { recursive: true });
  symlinkSync(`/opt/Reprise${wanted.edition}/reprise`, command);
  Object.assign(process.env, {
    CUSTOM_FPM_PATH: join(root, 'scripts', 'packaging', 'nfpm.mjs'),
    NFPM_PATH: nfpm,
    SOURCE_DATE_EPOCH: String(wanted.time.getTime() / 1000),
    PATH: `${dirname(locations.node)}:${process.env.PATH}`,
  });
  try {
    return await build({
      projectDir: root,
      targets: Platform.LINUX.createTarget([...targets]),
      config: configuration(wanted, command),
      publish: 'never',
    });
  } catch (error) {
    const tools = targets.includes('AppImage')
      ? ' An AppImage needs electron-builder’s tools for it: from the network, or from the folder that APPIMAGE_TOOLS_PATH names.'
      : '';
    throw new SetUpError(`electron-builder: ${error instanceof Error ? error.message : String(error)}.${tools}`);
  }
}
