/** koffi, by which libraries are called; set up before the first of them is loaded, after which its settings are fixed. */
import koffi from 'koffi';

/**
 * Of a thread of the system. A step runs beside the main thread on a stack of koffi's own, by default of 128 KiB; TensorFlow
 * and CUDA's compiler were written for ordinary threads.
 */
const asyncStackBytes = 8 << 20;

koffi.config({ async_stack_size: asyncStackBytes });

export { koffi };
