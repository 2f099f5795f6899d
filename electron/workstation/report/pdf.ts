/** Makes a printed PDF depend only on the records: replaces its dates and its id in place. */
import { createHash } from 'node:crypto';

/** D:20260131080500+00'00' as the printer writes it; only the digits and the offset are replaced, so every offset in the file stays right. */
const dates = /\/(CreationDate|ModDate) ?\(D:(\d{14})([^)]*)\)/g;
const identity = /\/ID ?\[ ?<([0-9A-Fa-f]*)> ?<([0-9A-Fa-f]*)> ?\]/g;

/** Ids of a tagged PDF's elements continue the browser's earlier numbering. Ranks keep them distinct and in order. */
const nodes = /\(node(\d{8})\)/g;

function renumberNodes(source: string): string {
  const ids = [...new Set(Array.from(source.matchAll(nodes), ([, digits = '']) => digits))].sort();
  const ranks = new Map(ids.map((digits, rank) => [digits, String(rank + 1).padStart(8, '0')]));
  return source.replace(nodes, (_whole, digits: string) => `(node${ranks.get(digits) ?? digits})`);
}

export function stablePdf(bytes: Uint8Array, recordedAt: number): Uint8Array {
  // latin1 maps bytes and characters one to one, so compressed streams pass through unharmed.
  const source = Buffer.from(bytes).toString('latin1');
  if (!source.startsWith('%PDF-')) throw new Error('The printed report is not a PDF: it does not begin with %PDF-.');
  const digits = new Date(recordedAt).toISOString().replace(/\D/g, '').slice(0, 14);
  const dated = renumberNodes(source).replace(dates, (whole: string, name: string, _old: string, offset: string) => {
    const zone = offset.replace(/[+\-Z]/, (sign) => (sign === 'Z' ? 'Z' : '+')).replace(/\d/g, '0');
    return whole.replace(/\(.*\)/s, `(D:${digits}${zone})`).replace(/^\/\w+/, `/${name}`);
  });
  const without = dated.replace(identity, (whole: string) => whole.replace(/[0-9A-Fa-f](?=[^<]*>)/g, '0'));
  const hash = createHash('sha256').update(without, 'latin1').digest('hex').toUpperCase();
  const result = without.replace(identity, (whole: string, first: string, second: string) => {
    const fill = (length: number): string => hash.repeat(Math.ceil(length / hash.length)).slice(0, length);
    return whole
      .replace(`<${'0'.repeat(first.length)}>`, `<${fill(first.length)}>`)
      .replace(`<${'0'.repeat(second.length)}>`, `<${fill(second.length)}>`);
  });
  if (result.length !== source.length) {
    throw new Error(`The PDF would change its length from ${source.length} to ${result.length} bytes.`);
  }
  return Buffer.from(result, 'latin1');
}
