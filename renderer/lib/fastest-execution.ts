import type { RunConfig } from '../../trainer/protocol/run.ts';
import { ask } from './client.ts';
import { withExecution } from './form.ts';

/**
 * The device and precision in which this machine is fastest, as a change to a configuration that was drafted before they
 * were known: measured beside the form, which stands meanwhile.
 */
export async function fastestFor({ execution }: RunConfig): Promise<(config: RunConfig | null) => RunConfig | null> {
  const fastest = await ask('fastestExecution');
  return (config) => config && withExecution(config, execution, fastest);
}
