/** Text in a terminal: how many places it takes, where a line may be broken, how it is shortened. */

/** Places a text takes in a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += placesOf(character);
  return width;
}

function placesOf(character: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0;
  return isWide(character) ? 2 : 1;
}

/** East Asian wide and full-width ranges that occur in our words and in names. */
function isWide(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}

/** Marks that may not begin a line, and marks that may not end one. */
const closing = /^[，。；：、！？）》」』】”’…,.;:!?)\]%]/u;
const opening = /[（《「『【“‘([]$/u;

/** The parts of a text between which a line may end: after a space or a separator, and beside Chinese characters. */
function partsOf(text: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  let previous = '';
  for (const character of text) {
    const after = /[\s,;/|]/.test(previous) && !/\s/.test(character);
    const beside = previous !== '' && (isWide(previous) || isWide(character)) && !/\s/.test(character);
    const isHeld = closing.test(character) || opening.test(previous);
    if ((after || beside) && !isHeld) {
      parts.push(part);
      part = '';
    }
    part += character;
    previous = character;
  }
  return [...parts, part];
}

/** The text in lines no wider than `room`. A wider word is broken, and every line is indented as the first. */
export function wrap(text: string, room: number): readonly string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, room));
}

function wrapLine(text: string, room: number): readonly string[] {
  if (widthOf(text) <= room) return [text];
  const lead = /^ */.exec(text)?.[0].length ?? 0;
  // Room for one wide character is left in any case.
  const indent = ' '.repeat(Math.max(0, Math.min(lead, room - 2)));
  const space = Math.max(1, room - indent.length);
  const lines: string[] = [];
  let line = '';
  for (const part of partsOf(text.slice(lead))) {
    if (widthOf((line + part).trimEnd()) <= space) {
      line += part;
      continue;
    }
    if (line !== '') lines.push(line.trimEnd());
    line = part;
    while (widthOf(line.trimEnd()) > space) {
      const head = headOf(line, space);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line.trim() !== '') lines.push(line.trimEnd());
  return lines.map((one) => indent + one);
}

/** As much of a text as fits, at least one character. */
function headOf(text: string, room: number): string {
  let head = '';
  let width = 0;
  for (const character of text) {
    width += placesOf(character);
    if (width > room && head !== '') break;
    head += character;
  }
  return head;
}

/** A text cut to its room, with an ellipsis where something was cut. */
export function clip(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  if (room < 2) return '';
  let head = headOf(text, room - 1);
  if (widthOf(head) > room - 1) head = '';
  return `${head.trimEnd()}…`;
}

/** A text behind its label; further lines begin below the text. */
export function labelled(label: string, text: string, room: number): string {
  const depth = widthOf(label);
  const [first = '', ...rest] = wrap(text, Math.max(1, room - depth));
  return [label + first, ...rest.map((line) => ' '.repeat(depth) + line)].join('\n');
}
