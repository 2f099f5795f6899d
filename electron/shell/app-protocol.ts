/** Serves the window's own files as app://reprise and the pages of reports as app://report, each with its policy, and nothing else. */
import { protocol, net, session } from 'electron';
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

export const origin = 'app://reprise';

/** A page in the window: it runs nothing, fetches nothing, and has an origin that is nobody's, whatever its file says. */
const reportPolicy = [
  'sandbox',
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  `frame-ancestors ${origin}`,
].join('; ');

/** The id of the report that an address stands for; null for any other address. */
export function reportIn(address: string): string | null {
  const id = /^app:\/\/report\/(report-[a-z0-9-]{1,100})(?:#.*)?$/.exec(address)?.[1];
  return id ?? null;
}

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  'frame-src app://report',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Must run before the app is ready. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** The file for an address; null if it would leave the folder (by `..`, an encoded slash or a link). */
export async function fileFor(address: string, folder: string): Promise<string | null> {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  if (`${url.protocol}//${url.host}` !== origin) return null;
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
  if (path.includes('\0') || path.includes('\\')) return null;
  const root = await realpath(folder);
  try {
    const file = await realpath(join(root, path === '/' ? 'index.html' : path));
    return file.startsWith(root + sep) ? file : null;
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ENAMETOOLONG')
    )
      return null;
    throw error;
  }
}

/** The page of a report; rejects if it is gone or damaged, which the window has told by then. */
type ReadReport = (id: string) => Promise<Uint8Array>;

/**
 * Serves pages from now on, long before there is a window.
 *
 * @returns how reports are read, once the workspace is open
 */
export function servePages(folder: string): { readonly readReportsBy: (read: ReadReport) => void } {
  let readReport: ReadReport = (id) => Promise.reject(new Error(`No workspace is open that could have ${id}.`));
  protocol.handle('app', async ({ method, url }) => {
    const report = reportIn(url);
    if (method === 'GET' && report !== null) return reportPage(await readReport(report).catch(() => null));
    const file = method === 'GET' ? await fileFor(url, folder) : null;
    if (file === null) return notFound();
    const answer = await net.fetch(pathToFileURL(file).href);
    const headers = new Headers(answer.headers);
    headers.set('Content-Security-Policy', contentSecurityPolicy);
    headers.set('X-Content-Type-Options', 'nosniff');
    return new Response(answer.body, { status: answer.status, headers });
  });
  // The program has no remote content, so every other request is blocked.
  session.defaultSession.webRequest.onBeforeRequest((details, decide) => {
    decide({ cancel: !/^(app:|devtools:|data:|blob:)/.test(details.url) && !isOwnFile(details.url, folder) });
  });
  return {
    readReportsBy: (read) => {
      readReport = read;
    },
  };
}

const notFound = (): Response => new Response('Not found', { status: 404 });

function reportPage(page: Uint8Array | null): Response {
  if (page === null) return notFound();
  return new Response(Buffer.from(page), {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': reportPolicy,
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** `net.fetch` of our own page files passes through the same session. */
function isOwnFile(address: string, folder: string): boolean {
  return address.startsWith(pathToFileURL(folder).href);
}
