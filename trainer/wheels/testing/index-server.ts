/** An index of packages on this machine, which serves wheels over https. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Wheel } from '../../protocol/wheels.ts';

/** Key and certificate of `localhost` and 127.0.0.1, valid until 2100 and trusted by tests alone. */
export const localhostPem = join(import.meta.dirname, 'localhost.pem');

/** Answers a request for a wheel in its own way, and says so; otherwise it is answered as usual. */
export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  file: string,
  bytes: Buffer,
) => boolean | Promise<boolean>;

export interface IndexServer {
  readonly index: URL;
  /** Wheels that were asked for, with the ranges. */
  readonly asked: readonly string[];
  /** How wheels are answered from now on. */
  answer: Answer;
  /** Serves the pages of the index as links, which mirrors have. */
  asLinks: boolean;
  readonly close: () => Promise<void>;
}

function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from ?? 0);
  const range = from === undefined ? {} : { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from === undefined ? 200 : 206, { 'Content-Length': bytes.length - start, ...range });
  response.end(bytes.subarray(start));
}

export async function serveIndex(folder: string, wheels: readonly Wheel[]): Promise<IndexServer> {
  const pem = readFileSync(localhostPem);
  const asked: string[] = [];
  const page = (project: string): string => {
    const files = wheels.filter(({ requirement }) => requirement.startsWith(`${project}==`));
    if (served.asLinks)
      return files.map(({ file, sha256: sum }) => `<a href="../../files/${file}#sha256=${sum}">${file}</a>`).join('\n');
    return JSON.stringify({ files: files.map(({ file }) => ({ filename: file, url: `../../files/${file}` })) });
  };
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, room, name = ''] = (request.url ?? '').split('/');
    if (room === 'simple') {
      const type = served.asLinks ? 'text/html' : 'application/vnd.pypi.simple.v1+json';
      response.writeHead(200, { 'Content-Type': type }).end(page(name));
      return;
    }
    const bytes = await readFile(join(folder, name));
    asked.push(`${name} ${request.headers.range ?? 'whole'}`);
    if (!(await served.answer(request, response, name, bytes))) sendRange(request, response, bytes);
  }
  const server: Server = createServer({ key: pem, cert: pem }, (request, response) => void respond(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const served: IndexServer = {
    index: new URL(`https://127.0.0.1:${port}/simple/`),
    asked,
    answer: () => false,
    asLinks: false,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return served;
}
