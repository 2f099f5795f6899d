/** Locates and loads TensorFlow's libraries; everything that differs between platforms is in this table. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { LibraryHandle } from 'koffi';
import { FaultError } from '../../durable/fault-error.ts';
import { koffi } from '../../native-calls.ts';
import { howToMend, tensorflowFolder } from '../../runtime-folder.ts';
import { unusedMemory } from './unused-memory.ts';

interface Platform {
  /** Tensor and status functions live here; loaded first, because the other one links to it. */
  readonly framework: string;
  /** Context, operation and string functions. */
  readonly tensorflow: string;
  /** The C library: memory copies and `dlopen`. */
  readonly system: string;
  /** RTLD_LAZY | RTLD_NODELETE, see `keepLoaded`. */
  readonly keepFlags: number;
  /**
   * Libraries of the build for NVIDIA GPUs that TensorFlow's own loader does not find: it searches the RUNPATH of the
   * framework library, which contains neither folder, and disables every GPU if one library is missing. glibc finds a
   * library by name once it is loaded. (cuDNN's RUNPATH for nvrtc names a folder that does not exist either.)
   */
  readonly preloaded: readonly string[];
  /**
   * glibc returns large freed blocks to the kernel at once; `mallopt` tells it to keep them. Absent elsewhere, as are
   * `malloc_trim` and the list of mappings by which pages are let go.
   */
  readonly hasMallopt: boolean;
}

const linux: Platform = {
  framework: 'libtensorflow_framework.so.2',
  tensorflow: 'libtensorflow_cc.so.2',
  system: 'libc.so.6',
  keepFlags: 0x1 | 0x1000,
  preloaded: ['nvidia/cusolver/lib/libcusolver.so.11', 'nvidia/cuda_nvrtc/lib/libnvrtc.so.12'],
  hasMallopt: true,
};
const mac: Platform = {
  framework: 'libtensorflow_framework.2.dylib',
  tensorflow: 'libtensorflow_cc.2.dylib',
  system: 'libSystem.B.dylib',
  keepFlags: 0x1 | 0x80,
  preloaded: [],
  hasMallopt: false,
};
const platforms: Readonly<Record<string, Platform>> = {
  'linux-x64': linux,
  'linux-arm64': linux,
  'darwin-arm64': mac,
};

export interface Libraries {
  readonly framework: LibraryHandle;
  readonly tensorflow: LibraryHandle;
  readonly system: LibraryHandle;
  readonly hasMallopt: boolean;
  /** Gives back memory that was needed to load or to prepare; nothing where the platform cannot. */
  letGoOfUnused(): void;
}

function missing(path: string, cause?: unknown): FaultError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return new FaultError(
    'library-missing',
    `The TensorFlow library ${path} cannot be loaded${why}: ${howToMend()}.`,
    { path },
    { cause },
  );
}

function load(path: string): LibraryHandle {
  try {
    return koffi.load(path, { global: true, lazy: true });
  } catch (cause) {
    throw missing(path, cause);
  }
}

/**
 * Loads a library, or holds one that koffi has loaded. koffi closes its libraries when the process ends, before exit
 * handlers inside TensorFlow have run: without a second, permanent reference the process dies with SIGSEGV after all
 * its work is done.
 */
function keepLoaded(system: LibraryHandle, path: string, flags: number): void {
  const dlopen = system.func('int64_t dlopen(const char*, int)') as (path: string, flags: number) => number;
  if (dlopen(path, flags) === 0)
    throw missing(path, new Error((system.func('const char* dlerror()') as () => string)()));
}

/** Libraries of the GPU build that are loaded by their paths on this platform, below TensorFlow's folder. */
export const preloadedLibraries: readonly string[] = platforms[`${process.platform}-${process.arch}`]?.preloaded ?? [];

/** True for the build for NVIDIA GPUs: only that has this folder. */
export const isGpuBuild = (): boolean => existsSync(join(tensorflowFolder(), 'nvidia'));

export function loadLibraries(): Libraries {
  const name = `${process.platform}-${process.arch}`;
  const platform = platforms[name];
  if (!platform) {
    throw new FaultError(
      'library-missing',
      `There is no TensorFlow library for ${name}. Known: ${Object.keys(platforms).join(', ')}; on Windows use WSL2.`,
      { platform: name },
    );
  }
  const base = tensorflowFolder();
  const folder = join(base, 'tensorflow');
  const paths = [join(folder, platform.framework), join(folder, platform.tensorflow)] as const;
  for (const path of paths) if (!existsSync(path)) throw missing(path);
  const system = koffi.load(platform.system);
  if (isGpuBuild()) {
    for (const path of platform.preloaded) keepLoaded(system, join(base, path), platform.keepFlags);
  }
  const [framework, tensorflow] = [load(paths[0]), load(paths[1])];
  for (const path of paths) keepLoaded(system, path, platform.keepFlags);
  const letGoOfUnused = platform.hasMallopt ? unusedMemory(system) : () => undefined;
  letGoOfUnused();
  return { framework, tensorflow, system, hasMallopt: platform.hasMallopt, letGoOfUnused };
}
