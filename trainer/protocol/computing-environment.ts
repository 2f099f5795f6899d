/**
 * What the environment of a process that computes must have before it starts. glibc gives each thread an arena of its own and
 * keeps there what the thread freed: TensorFlow's threads would hold hundreds of megabytes from each other. Tensors come from
 * an allocator of TensorFlow's own, so one arena makes nobody wait.
 */
export const computingEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' };
