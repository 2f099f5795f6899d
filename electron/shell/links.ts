/** The only place that opens anything outside the program, and the rule for it. */
import { shell } from 'electron';
import { withdrawFonts } from './fonts.ts';

/** Hosts of the papers, the code, the data sets and the licences the program links to. */
const hosts = new Set([
  'arxiv.org',
  'openreview.net',
  'github.com',
  'www.image-net.org',
  'host.robots.ox.ac.uk',
  'cocodataset.org',
  'places.csail.mit.edu',
  'www.cs.toronto.edu',
  'www.apache.org',
  'docs.nvidia.com',
]);

/** True for an https address of a known host, or of the build's own, without credentials. */
export function mayOpen(address: string, ownHost: string | null = null): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return (
    url.protocol === 'https:' &&
    url.username === '' &&
    url.password === '' &&
    (hosts.has(url.host) || url.host === ownHost)
  );
}

export async function openLink(address: string, ownHost: string | null): Promise<void> {
  if (!mayOpen(address, ownHost))
    throw new Error(`Refused to open "${address}": only https addresses of known hosts are opened.`);
  withdrawFonts();
  await shell.openExternal(address);
}

export async function openPath(path: string): Promise<void> {
  withdrawFonts();
  const problem = await shell.openPath(path);
  if (problem !== '') throw new Error(`Could not open ${path}: ${problem}`);
}

export function showItem(path: string): void {
  withdrawFonts();
  shell.showItemInFolder(path);
}

export async function trash(path: string): Promise<void> {
  await shell.trashItem(path);
}
