/** A run folder or a file of weights taken in. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { usage } from './arguments.ts';
import { exitCodes } from './help.ts';
import { show, weightsText, type Command } from './read-commands.ts';

export const importRun: Command = async (session, args) => {
  const [folder, network] = args.words;
  if (folder === undefined) throw usage('"import" needs a run folder or a file of weights.');
  const place = await stat(folder).catch(() => null);
  if (place !== null && !place.isDirectory()) {
    const { heads, convention, anyway } = args;
    const wanted = {
      ...(network !== undefined && { network }),
      ...(heads !== null && { heads }),
      ...(convention !== null && { convention }),
      anyway,
    };
    const found = await session.handlers.importWeights.answer(resolve(folder), wanted);
    show(session, args, found, () => `${session.words.say('importedWeights')}\n${weightsText([found], session)}`);
    return exitCodes.done;
  }
  const id = await session.handlers.importRun.answer(folder);
  show(session, args, { run: id }, () => `${session.words.say('imported')} ${id}`);
  return exitCodes.done;
};
