/**
 * Reason why a name from an archive or a list is unsafe, because it leads out of the data set's folder; null if it is
 * safe.
 */
export function whyUnsafe(name: string): string | null {
  if (name === '') return 'it has no name';
  if (name.includes('\0')) return 'its name contains a NUL';
  if (/^[\\/]{2}/.test(name)) return 'its name is a network path';
  if (/^[\\/]/.test(name)) return 'its name is an absolute path';
  if (/^[A-Za-z]:/.test(name)) return 'its name starts with a drive';
  return name.split(/[\\/]/).includes('..') ? 'its name leads out of its folder' : null;
}
