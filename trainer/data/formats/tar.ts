/**
 * Finds the members of a tar archive by walking its headers with positioned reads: nothing is extracted and no contents
 * are read.
 */
import { closeSync, readSync } from 'node:fs';
import { openPlainSync } from '../../durable/plain-file.ts';
import { UnusableImage } from '../unusable-image.ts';
import { type Rejects } from '../rejects.ts';
import { walkTar, type TarMember } from './tar-walk.ts';
import { said } from '../../protocol/sentence.ts';

export type { TarMember } from './tar-walk.ts';

export interface Tar {
  /**
   * The plain files in the archive, or in the nested archive `within`, in order. Members that are not plain files or
   * whose name leads outside are rejected, each with its reason; damage ends the walk and is reported for `name`.
   */
  members(rejects: Rejects, name: string, within?: TarMember): Generator<TarMember>;
  /** The contents of a member, which must be small. */
  text(member: TarMember): string;
  close(): void;
}

const longestText = 64;

export function openTar(path: string): Tar {
  const { file, size: whole } = openPlainSync(path);

  function read(offset: number, size: number): Buffer {
    const bytes = Buffer.alloc(size);
    const got = readSync(file, bytes, 0, size, offset);
    return got < size ? bytes.subarray(0, got) : bytes;
  }

  function* walk(rejects: Rejects, archive: string, from: number, end: number): Generator<TarMember> {
    const steps = walkTar(rejects, archive, from, end);
    for (let step = steps.next(); step.done !== true;) {
      if ('name' in step.value) yield step.value;
      step = steps.next('name' in step.value ? Buffer.alloc(0) : read(step.value.offset, step.value.size));
    }
  }

  return {
    *members(rejects, name, within) {
      const from = within?.offset ?? 0;
      const end = within ? within.offset + within.size : whole;
      try {
        yield* walk(rejects, name, from, end);
      } catch (error) {
        if (!(error instanceof UnusableImage)) throw error;
        rejects.add(name, error.reason);
      }
    },
    text(member) {
      if (member.size > longestText)
        throw new UnusableImage(said`it has ${member.size} bytes where at most ${longestText} are expected`);
      return read(member.offset, member.size).toString('utf8').trim();
    },
    close: () => closeSync(file),
  };
}
