/** A system that has nothing of this machine's: where packages are installed and tried. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SetUpError, answer, runOrExplain, which } from '../setup/command.mjs';

/** Where this Debian's packages come from. */
function archive() {
  const asked = ['Created-By: Packages', 'Component: main', '--format', '$(REPO_URI) $(CODENAME)'];
  const [line] = (answer('apt-get', ['indextargets', ...asked]) ?? '').split('\n');
  const [address = '', codename = ''] = line?.split(' ') ?? [];
  if (address === '' || codename === '')
    throw new SetUpError(
      'Packages are tried in a new Debian, and this system does not know where Debian’s packages are.',
    );
  return { address, codename };
}

/**
 * Makes a minimal Debian with a virtual display, what a package depends on, and an ordinary user, `researcher`.
 * @param {string} folder
 * @param {string} deb the package, which is removed again
 */
export async function makeCleanRoot(folder, deb) {
  if (process.getuid?.() !== 0 || which('debootstrap') === undefined)
    throw new SetUpError(
      'Packages are tried in a new Debian: run this as root, with debootstrap (apt-get install debootstrap).',
    );
  const { address, codename } = archive();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await runOrExplain('The new Debian could not be made', 'debootstrap', [
    ...['--variant=minbase', '--include=ca-certificates,xvfb,rpm'],
    ...[codename, folder, address],
  ]);
  for (const name of ['resolv.conf', 'hosts']) copyFileSync(`/etc/${name}`, join(folder, 'etc', name));
  copyFileSync(deb, join(folder, 'tmp', 'reprise.deb'));
  const name = answer('dpkg-deb', ['--field', deb, 'Package'])?.trim() ?? '';
  const commands = [
    'apt-get update -q',
    'DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends /tmp/reprise.deb',
    `dpkg --purge ${name}`,
    'rm /tmp/reprise.deb',
    'useradd --create-home researcher',
  ];
  await runOrExplain('What the package depends on could not be installed', 'chroot', [
    folder,
    ...['sh', '-c', commands.join(' && ')],
  ]);
}

/** A shell's words: runs the command after it where there is no network but the machine itself, and no system but the new one. */
export const apart = (/** @type {string} */ folder) => [
  ...['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-e', '-c'],
  [
    'ip link set lo up',
    `mount --bind '${folder}' '${folder}'`,
    `mount -t proc proc '${folder}/proc'`,
    `mount --rbind /sys '${folder}/sys'`,
    `mount --rbind /dev '${folder}/dev'`,
    'exec "$@"',
  ].join('\n'),
  'sh',
];
