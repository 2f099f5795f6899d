/** Text from files and from other programs, as a terminal may show it: nothing in it moves the cursor or hides what is there. */

/** Control characters but the end of a line and the tab, and those that turn the direction of what follows. */
// eslint-disable-next-line no-control-regex -- They are what is looked for.
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Unsafe characters as JSON writes them, so that printed JSON stays what it is. */
export function printable(text: string): string {
  return text.replace(unsafe, escaped);
}

/** A name on one line. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n').replaceAll('\t', ' ');
}
