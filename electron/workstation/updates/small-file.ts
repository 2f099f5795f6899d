/** Reads a small file over https with Node's own client, which tells its host the program's name and nothing else. */
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { said } from '../../../trainer/protocol/sentence.ts';
import { updateFault } from './signed-version.ts';

export const mostBytes = 64 * 1024;

/** @param patienceMs for all of it, from looking up the name to the last byte */
export async function readSmallFile(address: string, patienceMs: number): Promise<string> {
  if (!URL.canParse(address) || new URL(address).protocol !== 'https:')
    throw updateFault(said`The address ${address} is not one of https, so it is not asked`);
  const { host } = new URL(address);
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(address, { agent: false, headers: { 'User-Agent': 'Reprise' }, signal })
        .on('response', resolve)
        .on('error', reject)
        .end();
    });
    try {
      return await textOf(answer, address);
    } finally {
      answer.destroy();
    }
  } catch (error) {
    if (signal.aborted) throw updateFault(said`${host} did not answer within ${patienceMs / 1000} seconds`);
    if (error instanceof Error && 'code' in error && typeof error.code === 'string')
      throw updateFault(said`${host} cannot be reached (${error.code})`);
    throw error;
  }
}

async function textOf(answer: IncomingMessage, address: string): Promise<string> {
  const { statusCode = 0, headers } = answer;
  if (headers.location !== undefined)
    throw updateFault(
      said`${address} leads to ${headers.location}, and this build reads no other address than its own`,
    );
  if (statusCode !== 200) throw updateFault(said`${address} answered with status ${String(statusCode)}`);
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostBytes)
      throw updateFault(said`${address} is larger than ${mostBytes / 1024} KiB, so it does not describe a version`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
