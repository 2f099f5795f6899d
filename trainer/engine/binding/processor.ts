/** The vector instructions oneDNN may use here. They affect a run's last bits, so they are recorded with the run. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

/** oneDNN's names, widest first, with the processor flags each needs. */
const instructionSets: readonly (readonly [string, readonly string[]])[] = [
  ['AVX10_1_512_AMX_FP16', ['amx_fp16', 'avx512_fp16']],
  ['AVX512_CORE_AMX', ['amx_bf16', 'amx_int8', 'avx512_bf16']],
  ['AVX512_CORE_FP16', ['avx512_fp16']],
  ['AVX512_CORE_BF16', ['avx512_bf16']],
  ['AVX512_CORE_VNNI', ['avx512_vnni', 'avx512bw']],
  ['AVX512_CORE', ['avx512bw', 'avx512vl', 'avx512dq']],
  ['AVX2_VNNI', ['avx_vnni', 'avx2']],
  ['AVX2', ['avx2']],
  ['AVX', ['avx']],
  ['SSE41', ['sse4_1']],
];

export function instructionSetFrom(flags: ReadonlySet<string>): string | null {
  const found = instructionSets.find(([, needed]) => needed.every((flag) => flags.has(flag)));
  return found ? found[0] : null;
}

export function instructionSet(): string {
  const limited = process.env['ONEDNN_MAX_CPU_ISA'];
  if (limited) return limited.toUpperCase();
  if (process.platform === 'linux' && process.arch === 'x64') {
    const line = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    const known = instructionSetFrom(new Set(line?.[1]?.split(/\s+/)));
    if (known) return known;
  }
  return process.arch;
}
