/** The only place that opens anything outside the program, and the rule for it. */
import { shell } from 'electron';

/** Hosts of the papers, the code and the data sets the program links to. */
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
]);

/** True for an https address of a known host, on the standard port, without credentials. */
export function mayOpen(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return (
    url.protocol === 'https:' &&
    url.port === '' &&
    url.username === '' &&
    url.password === '' &&
    hosts.has(url.hostname)
  );
}

export async function openLink(address: string): Promise<void> {
  if (!mayOpen(address))
    throw new Error(`Refused to open "${address}": only https addresses of known hosts are opened.`);
  await shell.openExternal(address);
}

export async function openPath(path: string): Promise<void> {
  const problem = await shell.openPath(path);
  if (problem !== '') throw new Error(`Could not open ${path}: ${problem}`);
}

export function showItem(path: string): void {
  shell.showItemInFolder(path);
}

export async function trash(path: string): Promise<void> {
  await shell.trashItem(path);
}
