/** Marks a run that repeats another with a further seed. */
const marked = /-seed-\d+$/;

/** The key of the plan's run that a run repeats with another seed, or its own key. */
export const ownKeyOf = (key: string): string => key.replace(marked, '');
