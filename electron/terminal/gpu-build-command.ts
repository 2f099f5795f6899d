/** TensorFlow's build for NVIDIA GPUs from the terminal: what it takes, installed, removed. */
import { resolve } from 'node:path';
import type { GpuBuild } from '../api/gpu-build.ts';
import { usage } from './arguments.ts';
import { exitCodes } from './help.ts';
import { show, type Command } from './read-commands.ts';
import type { Session } from './session.ts';
import { bytes } from './table.ts';
import { labelled, widthOf } from './text-width.ts';

export const gpuBuild: Command = async (session, args) => {
  const { words, handlers } = session;
  const { install, remove, from, words: rest } = args;
  if (rest.length > 0) throw usage(`"gpu-build ${rest.join(' ')}": expected --install or --remove.`);
  if (install && remove) throw usage('--install and --remove: expected one of them.');
  if (from !== null && !install) throw usage('--from goes with --install.');
  let build: GpuBuild | null;
  if (install) build = await handlers.installGpuBuild.answer(from === null ? null : [resolve(from)]);
  else if (remove) build = await handlers.removeGpuBuild.answer();
  else build = await handlers.gpuBuild.answer();
  show(session, args, build, () => (build === null ? words.say('gpuBuildNone') : buildText(build, session)));
  return build?.state === 'failed' && install ? exitCodes.failed : exitCodes.done;
};

function buildText(build: GpuBuild, { words, room }: Session): string {
  const { state, downloadBytes, wholeDownloadBytes, installedBytes, freeBytes, concern, fault } = build;
  const free = freeBytes === null ? '' : ` (${bytes(freeBytes)} ${words.say('free')})`;
  const left = downloadBytes === wholeDownloadBytes ? '' : ` / ${bytes(wholeDownloadBytes)}`;
  const isAbsent = state === 'absent';
  const lines: readonly (readonly [label: string, text: string])[] = [
    [words.say('state'), words.say(`gpuBuild.${state}`)],
    ...(fault === null ? [] : [[words.say('why'), words.fault(fault)] as const]),
    [words.say('gpus'), build.cards.join(words.say('listComma')) || '–'],
    ...(concern === null || state === 'used' ? [] : [['', words.fault(concern)] as const]),
    ...(isAbsent ? [[words.say('download'), `${bytes(downloadBytes)}${left} (${build.host})`] as const] : []),
    [words.say('onDisk'), `${bytes(installedBytes)}${free}`],
    [words.say('folder'), build.folder],
    ...build.licences.map(
      ({ name, link, packages }, at) =>
        [at === 0 ? words.say('licences') : '', `${name}, ${link} (${packages.join(words.say('listComma'))})`] as const,
    ),
  ];
  const most = Math.max(...lines.map(([label]) => widthOf(label)));
  const hint = isAbsent ? [words.say('installHint')] : state === 'failed' ? [words.say('tryHint')] : [];
  return [
    `${words.say('gpuBuild')} (${build.version})`,
    ...lines.map(([label, text]) => labelled(`${label}${' '.repeat(most - widthOf(label))}  `, text, room)),
    ...hint,
  ].join('\n');
}
