/**
 * Reason why a name from an archive or a list is unsafe, because it leads out of the data set's folder; null if it is
 * safe.
 */
import { said, type Sentence } from '../../protocol/sentence.ts';

export function whyUnsafe(name: string): Sentence | null {
  if (name === '') return said`it has no name`;
  if (name.includes('\0')) return said`its name contains a NUL`;
  if (/^[\\/]{2}/.test(name)) return said`its name is a network path`;
  if (/^[\\/]/.test(name)) return said`its name is an absolute path`;
  if (/^[A-Za-z]:/.test(name)) return said`its name starts with a drive`;
  return name.split(/[\\/]/).includes('..') ? said`its name leads out of its folder` : null;
}
