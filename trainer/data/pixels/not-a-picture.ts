/** What is in a file called like a picture that holds none: mostly what a failed download leaves. */

const lookedAt = 512;
/** The first bytes of AppleDouble files: RFC 1740, appendix B. */
const appleDouble = 0x00051607;

/** Patterns of the first bytes, read as Latin-1, after a byte order mark and white space. */
const kinds: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /^version https:\/\/git-lfs\.github\.com\/spec/,
    'a Git LFS pointer, not the picture: run "git lfs pull" where it was cloned',
  ],
  [
    /^(\.\.\/)*(\.git\/annex\/objects\/|\/annex\/objects\/)/,
    'a git-annex pointer, not the picture: run "git annex get"',
  ],
  [
    /^(<!--[^]*?-->\s*)?<(!doctype html|html|head|body)\b/i,
    'a web page, not a picture: its download failed, repeat it',
  ],
  [/^<\?xml|^<error>/i, 'an XML message, not a picture: its download failed, repeat it'],
  [/^[{[]\s*("|\{|\]|\})/, 'JSON text, not a picture: its download failed, repeat it'],
];

/** Words that complete "file: …", or null if the bytes are none of these kinds. */
export function whatInstead(bytes: Uint8Array): string | null {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, lookedAt));
  if (start.length > 0 && start.every((byte) => byte === 0))
    return `it begins with ${start.length} zero bytes: its contents were never written`;
  if (start.length >= 4 && start.readUInt32BE() === appleDouble)
    return 'a twin that macOS writes beside a file (AppleDouble), not a picture';
  const text = start
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .replace(/^[ \t\r\n]+/, '');
  return kinds.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
