/**
 * What the environment of a process that computes must have before it starts. glibc gives each thread an arena of its own and
 * keeps there what the thread freed: TensorFlow's threads would hold hundreds of megabytes from each other. Tensors come from
 * an allocator of TensorFlow's own, so one arena makes nobody wait.
 */
export const computingEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' };

/**
 * What that of a process that downloads must have: Node then takes proxies from `HTTPS_PROXY` and `NO_PROXY`, and trusts the
 * certificates that the system trusts, or those in `SSL_CERT_FILE`, besides its own and those in `NODE_EXTRA_CA_CERTS`.
 */
export const downloadEnvironment: Readonly<Record<string, string>> = {
  NODE_USE_ENV_PROXY: '1',
  NODE_USE_SYSTEM_CA: '1',
};
