/** Serves the window's own files as app://reprise, with the content security policy, and nothing else. */
import { protocol, net, session } from 'electron';
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

export const origin = 'app://reprise';

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
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

export function servePages(folder: string): void {
  protocol.handle('app', async (request) => {
    const file = request.method === 'GET' ? await fileFor(request.url, folder) : null;
    if (file === null) return new Response('Not found', { status: 404 });
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
}

/** `net.fetch` of our own page files passes through the same session. */
function isOwnFile(address: string, folder: string): boolean {
  return address.startsWith(pathToFileURL(folder).href);
}
