/** Where an index of packages keeps a wheel: PyPI's simple API as JSON (PEP 691), or as a page of links, which mirrors have (PEP 503). */
import * as v from 'valibot';
import type { Wheel } from '../protocol/wheels.ts';
import { said } from '../protocol/sentence.ts';
import { downloadText, type Patience } from './download.ts';
import { refused } from './faults.ts';

const json = 'application/vnd.pypi.simple.v1+json';
/** Pages of packages with many versions have some hundreds of kilobytes. */
const longestPage = 32 * 1024 ** 2;

const Page = v.object({ files: v.array(v.object({ filename: v.string(), url: v.string() })) });

function inJson(text: string, file: string): string | undefined {
  const page = v.safeParse(v.pipe(v.string(), v.parseJson(), Page), text);
  return page.success ? page.output.files.find(({ filename }) => filename === file)?.url : undefined;
}

/** A link ends in the name of its file; a checksum may follow. */
function inLinks(text: string, file: string): string | undefined {
  const links = [...text.matchAll(/<a\s[^>]*?href\s*=\s*["']([^"']+)["']/gi)].map(([, to]) =>
    to!.replaceAll('&amp;', '&'),
  );
  return links.find(
    (to) =>
      to
        .replace(/[?#].*$/, '')
        .split('/')
        .at(-1) === file,
  );
}

/** @throws 'download-failed' where the index does not list the wheel */
export async function findWheel(index: URL, { requirement, file }: Wheel, patience: Patience): Promise<URL> {
  const [name = ''] = requirement.split('==');
  const page = new URL(`${name}/`, index.href.endsWith('/') ? index : new URL(`${index.href}/`));
  const { text, type, address } = await downloadText(page, `${json}, text/html;q=0.2`, longestPage, patience);
  const found = type.startsWith(json) ? inJson(text, file) : inLinks(text, file);
  if (found === undefined || !URL.canParse(found, address.href))
    throw refused(said`${page.host} does not list ${file}`);
  const at = new URL(found, address);
  // An index with a password keeps its files behind it too.
  if (at.origin === index.origin) [at.username, at.password] = [index.username, index.password];
  return at;
}
