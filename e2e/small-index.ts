/** A program of the same parts whose pins are small wheels, and an index on this machine that serves them. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import yazl from 'yazl';
import { root } from './app.ts';

/** Trusted where `NODE_EXTRA_CA_CERTS` names it. */
export const certificate = join(root, 'trainer/wheels/testing/localhost.pem');

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

interface SmallWheel {
  readonly file: string;
  readonly packed: Buffer;
  readonly pin: object;
}

async function makeWheel(name: string, contents: Readonly<Record<string, Buffer>>): Promise<SmallWheel> {
  const zip = new yazl.ZipFile();
  // Stored: as many bytes take their time on the way.
  for (const [path, bytes] of Object.entries(contents)) zip.addBuffer(bytes, path, { compress: false });
  zip.end();
  const packed = await buffer(zip.outputStream);
  const file = `${name.replaceAll('-', '_')}-1.0-py3-none-any.whl`;
  const files = Object.fromEntries(Object.entries(contents).map(([path, bytes]) => [path, sha256(bytes)]));
  const unpackedBytes = Object.values(contents).reduce((sum, { length }) => sum + length, 0);
  const sizes = { bytes: packed.length, sha256: sha256(packed), unpackedBytes };
  return { file, packed, pin: { requirement: `${name}==1.0`, file, ...sizes, files, licence: 'own' } };
}

/** Libraries of TensorFlow's names that are none. */
export const smallWheels = (): Promise<readonly SmallWheel[]> =>
  Promise.all([
    makeWheel('tensorflow', {
      'tensorflow/libtensorflow_framework.so.2': Buffer.alloc(3_000_000, 'no library'),
      'tensorflow/libtensorflow_cc.so.2': Buffer.alloc(5_000_000, 'nor this'),
    }),
    makeWheel('nvidia-cusolver', { 'nvidia/cusolver/lib/libcusolver.so.11': Buffer.alloc(2_000_000, 'nor this') }),
  ]);

/** Gives the folder of the program. */
export function programWith(wheels: readonly SmallWheel[], folder: string): string {
  const program = join(folder, 'program');
  mkdirSync(program);
  for (const part of ['out', 'node_modules', 'migrations', 'package.json', '.runtime'])
    symlinkSync(join(root, part), join(program, part));
  cpSync(join(root, 'resources'), join(program, 'resources'), { recursive: true });
  const licences = { own: { name: 'NVIDIA CUDA Toolkit EULA', link: 'https://docs.nvidia.com/cuda/eula/index.html' } };
  const builds = { 'linux-x64': { cpu: [], gpu: wheels.map(({ pin }) => pin) } };
  writeFileSync(join(program, 'resources/tensorflow.json'), JSON.stringify({ version: '1.0', licences, builds }));
  return program;
}

export interface SmallIndex {
  readonly address: string;
  /** Bytes a second of what is sent from now on. */
  rate: number;
  /** Ranges that were asked for, by wheel. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
}

export async function serve(wheels: readonly SmallWheel[]): Promise<SmallIndex> {
  const pem = readFileSync(certificate);
  const asked: string[] = [];
  const server = createServer({ key: pem, cert: pem }, (request, response) => {
    const [, room, name] = (request.url ?? '').split('/');
    if (room === 'simple') {
      const files = wheels.map(({ file }) => ({ filename: file, url: `/files/${file}` }));
      response.setHeader('Content-Type', 'application/vnd.pypi.simple.v1+json');
      response.end(JSON.stringify({ files }));
      return;
    }
    const { packed, file } = wheels.find((wheel) => wheel.file === name)!;
    const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
    asked.push(`${file} ${start}`);
    const range = start === 0 ? {} : { 'Content-Range': `bytes ${start}-${packed.length - 1}/${packed.length}` };
    response.writeHead(start === 0 ? 200 : 206, { 'Content-Length': packed.length - start, ...range });
    let at = start;
    const timer = setInterval(() => {
      const part = packed.subarray(at, at + served.rate / 20);
      at += part.length;
      if (at < packed.length) response.write(part);
      else {
        clearInterval(timer);
        response.end(part);
      }
    }, 50);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const served: SmallIndex = {
    address: `https://127.0.0.1:${(server.address() as AddressInfo).port}/simple`,
    rate: 2e5,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return served;
}
