/** Which files are pictures that are read, which are pictures that are not, and what else is found under their names. */
import { quoted, said, type Sentence } from '../../protocol/sentence.ts';

/** Extensions of pictures that are read, whatever they contain. */
export const readableExtensions: ReadonlySet<string> = new Set(
  '.jpg .jpeg .jpe .jfif .png .webp .gif .bmp .dib .tif .tiff .ppm .pgm .pbm .pnm .pam'.split(' '),
);

/** What pictures that are not read are, by extension. */
const foreignExtensions: ReadonlyMap<string, Sentence> = new Map(
  (
    [
      [said`an AVIF picture`, '.avif .avifs'],
      [said`a HEIC picture`, '.heic .heif .hif'],
      [said`a JPEG 2000 picture`, '.jp2 .j2k .jpx .jpf .j2c .jpc'],
      [said`a JPEG XL picture`, '.jxl'],
      [said`a drawing in SVG`, '.svg .svgz'],
      [said`a Photoshop file`, '.psd .psb'],
      [said`an icon file`, '.ico .icns .cur'],
      [
        said`a raw camera file`,
        '.dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .orf .raf .rw2 .pef .srw .3fr .erf .kdc .x3f',
      ],
      [said`an OpenEXR picture`, '.exr'],
      [said`a Radiance picture`, '.hdr'],
      [said`a picture in an old format`, '.tga .pcx .sgi .rgb .xpm .xbm .dds .pfm'],
      [said`a DICOM file`, '.dcm .dicom'],
    ] as const
  ).flatMap(([what, extensions]) => extensions.split(' ').map((extension) => [extension, what] as const)),
);

/** Several layers or sizes are in one file: the first is meant. */
const layered: ReadonlySet<string> = new Set(['.psd', '.psb', '.ico', '.icns', '.cur']);

/** Reason for a picture that is not read, with the command that converts it; `files` as ImageMagick takes it. */
export function unread(what: Sentence, files = 'FILE'): Sentence {
  const command = files === 'FILE' ? 'magick FILE FILE.png' : `magick mogrify -format png ${files}`;
  return said`${what}, which is not read; convert it to PNG, for example with ImageMagick: ${command}`;
}

/** Reason why pictures with this extension, with its dot, are not read; null for all other files. */
export function unreadExtension(extension: string): Sentence | null {
  const what = foreignExtensions.get(extension.toLowerCase());
  if (what === undefined) return null;
  return unread(what, layered.has(extension.toLowerCase()) ? `'*${extension}[0]'` : `*${extension}`);
}

const again = said`download it again`;
const annexed = said`a git-annex pointer, not the picture: run "git annex get" in its repository`;

/** What begins with certain bytes, at an offset. */
const signatures: readonly (readonly [reason: Sentence, offset: number, bytes: string])[] = [
  [unread(said`a JPEG 2000 picture`), 4, 'jP  '],
  [unread(said`a JPEG 2000 picture`), 0, '\xff\x4f\xff\x51'],
  [unread(said`a JPEG XL picture`), 4, 'JXL '],
  [unread(said`a JPEG XL picture`), 0, '\xff\x0a'],
  [unread(said`a Photoshop file`, "'FILE[0]'"), 0, '8BPS'],
  [unread(said`an icon file`, "'FILE[0]'"), 0, '\0\0\x01\0'],
  [unread(said`an icon file`, "'FILE[0]'"), 0, '\0\0\x02\0'],
  [unread(said`a raw camera file`), 0, 'FUJIFILMCCD-RAW'],
  [unread(said`a raw camera file`), 0, 'IIRO'],
  [unread(said`a raw camera file`), 0, 'IIRS'],
  [unread(said`a raw camera file`), 0, 'MMOR'],
  [unread(said`a raw camera file`), 0, 'IIU\0'],
  [unread(said`an OpenEXR picture`), 0, 'v/1\x01'],
  [unread(said`a Radiance picture`), 0, '#?RADIANCE'],
  [unread(said`a picture in an old format`), 0, 'DDS '],
  [unread(said`a picture in an old format`), 0, 'Pf\n'],
  [unread(said`a picture in an old format`), 0, 'PF\n'],
  [unread(said`a DICOM file`), 128, 'DICM'],
  [
    said`a NumPy array; save it as PNG, for example with Pillow: Image.fromarray(numpy.load(FILE)).save(FILE.png)`,
    0,
    '\x93NUMPY',
  ],
  [said`an HDF5 file, not a picture: take the pictures out of it`, 0, '\x89HDF\r\n'],
  [said`packed with gzip: unpack it with gunzip`, 0, '\x1f\x8b'],
  [said`packed with xz: unpack it with unxz`, 0, '\xfd7zXZ'],
  [said`packed with bzip2: unpack it with bunzip2`, 0, 'BZh'],
  [said`a ZIP archive, not a picture: unpack it with unzip`, 0, 'PK\x03\x04'],
  [said`a PDF document; take its pages out as PNG, for example with Poppler: pdftoppm -png FILE FILE`, 0, '%PDF'],
  [said`a WebM or Matroska video, not a picture`, 0, '\x1aE\xdf\xa3'],
  [said`an AVI video, not a picture`, 8, 'AVI '],
  [
    said`a Git LFS pointer, not the picture: run "git lfs pull" in its repository`,
    0,
    'version https://git-lfs.github.com/',
  ],
  [annexed, 0, '/annex/objects/'],
  [said`a twin that macOS writes beside a file (AppleDouble), not a picture: remove it`, 0, '\0\x05\x16\x07'],
];

/** By the brand of an ISO base media file (ISO/IEC 14496-12, 4.3). */
function mediaFile(brand: string): Sentence {
  if (brand.startsWith('avi')) return unread(said`an AVIF picture`);
  if (/^(hei|hev|mif1|msf1)/.test(brand)) return unread(said`a HEIC picture`);
  if (brand.startsWith('crx')) return unread(said`a raw camera file`);
  return said`an MP4 or QuickTime video, not a picture`;
}

function textFile(start: string): Sentence | null {
  const text = start.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (/^(\.\.\/)*\.git\/annex\/objects\//.test(text)) return annexed;
  const isMarkup = /^<(\?xml|!--|!doctype\s+svg|svg\b)/i.test(text);
  if (isMarkup && /<svg[\s/>]/i.test(text)) return unread(said`a drawing in SVG`);
  if (/^(<!--[^]*?-->\s*)?<(!doctype\s+html|html|head|body|title|script)\b/i.test(text))
    return said`a web page, not a picture: ${again}`;
  if (/^<\?xml|^<error\b/i.test(text))
    return said`an XML document, such as a server's error message, not a picture: ${again}`;
  if (/^[{[]\s*["{\][}\d]/.test(text))
    return said`a JSON document, such as a server's error message, not a picture: ${again}`;
  if (!/^[\t\n\f\r\x20-\x7e\x80-\xff]+$/.test(start)) return null;
  const words = /^[\x20-\x7e]{1,40}/.exec(text)?.[0];
  return words === undefined ? null : said`a text file, not a picture: it begins with "${quoted(words.trimEnd())}"`;
}

/** Reason for a file that begins like no picture that is read. */
export function notAPicture(bytes: Uint8Array): Sentence {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString('latin1');
  for (const [reason, offset, text] of signatures) if (start.startsWith(text, offset)) return reason;
  if (start.startsWith('ftyp', 4)) return mediaFile(start.slice(8, 12));
  if (bytes.every((byte) => byte === 0))
    return said`filled with ${bytes.length} zero bytes: a copy or a download that was cut off; fetch it again`;
  const found = textFile(start);
  if (found !== null) return found;
  const hexadecimal = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return said`not a picture of a known format: it begins with ${quoted(hexadecimal)}`;
}
