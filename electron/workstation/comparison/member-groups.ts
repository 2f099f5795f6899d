/** Runs of a comparison that differ by seeds only, together: each group is a subject's rows. */
import type { Catalogue } from '../../../trainer/protocol/catalogue.ts';
import type { Find, Member } from './members.ts';
import { evaluationIdentity, shortHash, subjectFacts, type SubjectFacts } from './subjects.ts';

/** The main subjects first, then their references. */
export const roleOrder: Readonly<Record<Member['role'], number>> = {
  main: 0,
  ablation: 1,
  other: 1,
  control: 2,
};

export interface MemberGroup {
  /** Of its first run. */
  readonly facts: SubjectFacts;
  readonly members: readonly Member[];
}

export interface Grouping {
  readonly find: Find;
  readonly catalogue: Catalogue;
  /** Names of data sets by fingerprint. */
  readonly names: ReadonlyMap<string, string>;
}

/** In the order of their first runs. */
export function groupMembers(members: readonly Member[], { find, catalogue, names }: Grouping): readonly MemberGroup[] {
  const groups = new Map<string, { readonly facts: SubjectFacts; readonly members: Member[] }>();
  for (const member of members) {
    const facts = subjectFacts(member, find, catalogue, names);
    const key = shortHash({ kind: member.config.kind, identity: evaluationIdentity(member.config, facts, catalogue) });
    const group = groups.get(key) ?? { facts, members: [] };
    group.members.push(member);
    groups.set(key, group);
  }
  return [...groups.values()];
}
