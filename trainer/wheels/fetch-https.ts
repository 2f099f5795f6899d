/** Requests over https alone. Proxies and certificates are those of the environment (`downloadEnvironment`). */
import { said } from '../protocol/sentence.ts';
import { brokenOff, DownloadFailed, refused } from './faults.ts';

const mostRedirects = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The address without credentials, and the header that carries them. */
function withoutCredentials(address: URL): { readonly bare: URL; readonly authorization: Record<string, string> } {
  const bare = new URL(address);
  const { username, password } = address;
  [bare.username, bare.password] = ['', ''];
  if (username === '' && password === '') return { bare, authorization: {} };
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { bare, authorization: { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

/** Innermost reason: `fetch` itself says no more than that it failed. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return codeOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ERR_TLS/;

/**
 * A response with status 200 or 206, followed through redirects.
 *
 * @throws 'download-failed'
 */
export async function fetchHttps(
  address: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  let at = address;
  for (let followed = 0; followed <= mostRedirects; followed++) {
    if (at.protocol !== 'https:') throw refused(said`the address ${at.origin} is not https`);
    const { bare, authorization } = withoutCredentials(at);
    const response = await fetch(bare, {
      // As it lies there: its bytes are counted.
      headers: { 'Accept-Encoding': 'identity', ...authorization, ...headers },
      redirect: 'manual',
      signal,
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      const code = codeOf(error);
      if (untrusted.test(code))
        throw refused(
          said`the certificate of ${bare.host} is not trusted (${code}); if your network has one of its own, name it in ${'SSL_CERT_FILE'}`,
        );
      throw brokenOff(said`${bare.host} cannot be reached (${code})`);
    });
    const to = response.headers.get('location');
    if (!redirects.has(response.status) || to === null) {
      if (response.status === 200 || response.status === 206) return response;
      await response.body?.cancel();
      const { status } = response;
      // A server that does not have a file will not have it then.
      const isPassing = status >= 500 || status === 408 || status === 429;
      throw new DownloadFailed(said`${bare.host} answers with status ${status}`, { isPassing });
    }
    await response.body?.cancel();
    if (!URL.canParse(to, bare.href)) throw refused(said`${bare.host} leads to no valid address`);
    at = new URL(to, bare);
    if (at.protocol !== 'https:') throw refused(said`${bare.host} leads to ${at.origin}, which is not https`);
  }
  throw refused(said`${address.host} leads from one address to another without end`);
}
