/** Everything besides the configuration that determines the last bits of a result; recorded with every run. */
export interface EngineFacts {
  readonly device: string;
  readonly threads: number;
  readonly instructionSet: string;
  readonly versions: Readonly<Record<string, string>>;
}
