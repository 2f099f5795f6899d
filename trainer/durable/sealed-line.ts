/** Lines of JSON that carry a checksum, as their last field. A line without one was written by an older version. */
import { crc32 } from 'node:zlib';

const ending = /,"crc":"([0-9a-f]{8})"\}$/;
const sumOf = (json: string): string => crc32(json).toString(16).padStart(8, '0');

/** The text of an object that is not empty, with its checksum. */
export function sealedLine(value: object): string {
  const json = JSON.stringify(value);
  return `${json.slice(0, -1)},"crc":"${sumOf(json)}"}`;
}

/** The JSON of a line without its checksum; null if the two do not agree. */
export function openLine(line: string): string | null {
  const found = ending.exec(line);
  if (found === null) return line;
  const json = `${line.slice(0, found.index)}}`;
  return sumOf(json) === found[1] ? json : null;
}
