/** Stages of a long measurement: each says how long it took, and how long the rest may take. */

export interface Stage {
  readonly title: string;
  /** What it is expected to take, in seconds. */
  readonly seconds: number;
  /** Adds to the report; returns what did not hold. */
  readonly run: () => Promise<StageResult>;
}

export interface StageResult {
  /** Markdown. */
  readonly lines: readonly string[];
  readonly failures: readonly string[];
}

const spoken = (seconds: number): string =>
  seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;

/** Runs all of them, also after one that failed. */
export async function runStages(stages: readonly Stage[], say: (line: string) => void): Promise<StageResult> {
  const lines: string[] = [];
  const failures: string[] = [];
  let [expected, taken] = [0, 0];
  for (const [place, { title, seconds, run }] of stages.entries()) {
    const rest = stages.slice(place).reduce((sum, stage) => sum + stage.seconds, 0);
    // This machine's pace, once it is known.
    const pace = expected === 0 ? 1 : taken / expected;
    say(`${place + 1}/${stages.length} ${title}; about ${spoken(rest * pace)} left in all`);
    const began = performance.now();
    const result = await run().catch((error: unknown): StageResult => {
      const message = error instanceof Error ? error.message : String(error);
      return { lines: [`It could not be run: ${message}`], failures: [message] };
    });
    const own = (performance.now() - began) / 1000;
    expected += seconds;
    taken += own;
    failures.push(...result.failures.map((failure) => `${title}: ${failure}`));
    lines.push(`## ${title}`, '', ...result.lines, '');
    for (const line of result.lines) say(`    ${line}`);
    say(
      `    ${result.failures.length === 0 ? 'holds' : `DOES NOT HOLD: ${result.failures.join('; ')}`}, ${spoken(own)}`,
    );
  }
  return { lines, failures };
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}
