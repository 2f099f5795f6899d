/** The runtime of this process: TensorFlow's libraries, its eager context, and the tfjs backend on top of it. */
import process from 'node:process';
import * as tf from '@tensorflow/tfjs';
import { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import '@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js';
import { FaultError } from '../../durable/fault-error.ts';
import { hasTensorFloat32, type GraphicsCard } from '../../protocol/graphics-card.ts';
import type { Execution } from '../../protocol/run.ts';
import { createBinding, type Binding } from './eager-binding.ts';
import { configProto } from './config-proto.ts';
import { cudaVersions, graphicsCard } from './graphics-card.ts';
import { instructionSet } from './processor.ts';
import type { EngineFacts } from './engine-facts.ts';
import { isGpuBuild } from './library.ts';
import { serverDef, type Peers, type Together } from './server-def.ts';
import { checkStatus, loadTensorFlow, type TensorFlow } from './tensorflow.ts';

/**
 * Incremented whenever the same mathematics is computed by different sums, which changes the last bits of a step. 2:
 * oneDNN everywhere, and Winograd convolutions; 3: VICReg's covariance uses the smaller of two Gram matrices; 4:
 * gradients of wide kernels in bfloat16 are matrix products; 5: Winograd convolutions only where their cost, the
 * movement of data included, is below what this processor gains; 6: those of large batches in parts, whose kernel gradients
 * are added.
 */
const arithmetic = '6';

/**
 * What TensorFlow reads from the environment on a GPU. cuDNN's persistent batch norm takes bfloat16 and float16 as they lie,
 * where TensorFlow else rearranges them before and after, and is what it needs to fuse the rectifier that follows. Kernels are
 * launched by threads of their own, which what the processor computes does not hold up. Neither has been measured yet.
 */
export const gpuSettings = {
  TF_USE_CUDNN_BATCHNORM_SPATIAL_PERSISTENT: '1',
  TF_GPU_THREAD_MODE: 'gpu_private',
} as const;

/** The name tfjs-node's kernels are registered under. */
export const eagerBackend = 'tensorflow';

/** How the sessions of a process are opened. */
export interface SessionSettings {
  /** Bytes of a ConfigProto. */
  readonly config: Uint8Array;
  /** Address of the process's own server, through which it computes with others; null: it computes alone. */
  readonly target: string | null;
  /** True if what runs in it exchanges tensors with other devices. */
  readonly exchanges: boolean;
}

export interface Runtime {
  readonly tensorflow: TensorFlow;
  readonly binding: Binding;
  readonly session: SessionSettings;
  /** Who computes each step; null: one device alone. */
  readonly together: Together | null;
  readonly facts: EngineFacts;
  /** True if float32 products and convolutions are computed in TensorFloat-32. */
  readonly isTensorFloat32: boolean;
}

/**
 * TensorFlow reads its thread count once per process, and cuDNN's algorithms are chosen once per process, with TensorFloat-32 or
 * without: the first engine decides for all.
 */
let opened: Runtime | null = null;

/**
 * @param together who computes each step; the first engine decides for all
 * @throws a fault if this process already uses another thread count or device, or if the device does not exist
 */
export async function openRuntime(execution: Execution, together: Together | null = null): Promise<Runtime> {
  opened ??= open(execution, together);
  const { device, threads } = opened.facts;
  const isTensorFloat32 = execution.precision === 'tf32';
  if (device !== execution.device || threads !== execution.threads || opened.isTensorFloat32 !== isTensorFloat32) {
    const words = (where: string, count: number, is: boolean): string =>
      `${where} with ${count} threads${is ? ' in TensorFloat-32' : ''}`;
    throw new FaultError(
      'bad-argument',
      `This process computes on ${words(device, threads, opened.isTensorFloat32)} and cannot change to ` +
        `${words(execution.device, execution.threads, isTensorFloat32)}: start a new one.`,
      { device: execution.device, threads: execution.threads },
    );
  }
  await tf.setBackend(eagerBackend);
  await tf.ready();
  return opened;
}

/** Read by TensorFlow and CUDA when they are loaded. */
function setEnvironment(gpu: number | null): void {
  // Without it, CropAndResize's gradient loses updates on the CPU. On a GPU it disables entire operations.
  if (gpu === null) process.env['TF_DETERMINISTIC_OPS'] = '1';
  else Object.assign(process.env, gpuSettings);
  // oneDNN's convolutions and matrix products. By default TensorFlow uses them only on processors with neural-network
  // instructions, yet even with AVX2 alone a step takes a quarter less time with them.
  process.env['TF_ENABLE_ONEDNN_OPTS'] = '1';
  // Why a GPU is not there TensorFlow says in warnings only.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= gpu === null ? '2' : '1';
  // CUDA's own order puts the fastest first; nvidia-smi, and so the workstation, counts by bus.
  process.env['CUDA_DEVICE_ORDER'] = 'PCI_BUS_ID';
}

/** The chosen GPU. @throws a fault where it cannot compute in this precision, or where a processor is asked for TensorFloat-32 */
function cardFor({ precision }: Execution, gpu: number | null): GraphicsCard | null {
  const card = gpu === null ? null : graphicsCard(gpu);
  if (precision === 'tf32' && (card === null || !hasTensorFloat32(card))) {
    throw new FaultError(
      'device-unavailable',
      `${card?.name ?? 'The processor'} does not compute in TensorFloat-32, which NVIDIA GPUs have from compute capability ` +
        '8.0 on: choose float32.',
      { precision },
    );
  }
  return card;
}

/** Starts this process's server and returns its address. It runs as long as the process. */
function startServer(tensorflow: TensorFlow, peers: Peers, config: Uint8Array): string {
  const definition = serverDef(peers, config);
  const status = tensorflow.TF_NewStatus();
  try {
    const server = tensorflow.TF_NewServer(definition, definition.length, status);
    checkStatus(tensorflow, status, `listen at ${peers.addresses[peers.own]}`);
    tensorflow.TF_ServerStart(server, status);
    checkStatus(tensorflow, status, 'start a server');
    return tensorflow.TF_ServerTarget(server);
  } finally {
    tensorflow.TF_DeleteStatus(status);
  }
}

function open(execution: Execution, together: Together | null): Runtime {
  const { device, threads } = execution;
  const gpu = device === 'cpu' ? null : Number(device.slice('gpu:'.length));
  setEnvironment(gpu);
  const tensorflow = loadTensorFlow();
  const isTensorFloat32 = execution.precision === 'tf32';
  tensorflow.enableTensorFloat32(isTensorFloat32);
  const binding = createBinding(tensorflow, configProto({ threads, gpu, together: null }));
  if (gpu !== null && !binding.isUsingGpuDevice()) {
    throw new FaultError(
      'device-unavailable',
      `TensorFlow sees no GPU ${gpu}; it has ${binding.devices.join(', ')}. Choose the CPU, or ${
        isGpuBuild()
          ? 'check the driver.'
          : 'install TensorFlow for NVIDIA GPUs: on the page of the hardware, or by "reprise gpu-build --install".'
      }`,
      { device },
    );
  }
  const card = cardFor(execution, gpu);
  registerBackend(binding);
  const versions = {
    tensorflow: binding.TF_Version,
    tfjs: tf.version_core,
    node: process.versions.node,
    arithmetic,
    ...(card && { gpu: `${card.name}, ${card.capability}`, driver: card.driver, ...cudaVersions() }),
  };
  const facts = { device, threads, instructionSet: instructionSet(), versions, card };
  const config = configProto({ threads, gpu, together });
  const target = together !== null && 'peers' in together ? startServer(tensorflow, together.peers, config) : null;
  const session = { config, target, exchanges: together !== null };
  return { tensorflow, binding, session, together, facts, isTensorFloat32 };
}

function registerBackend(binding: Binding): void {
  if (!(NodeJSKernelBackend.prototype instanceof tf.KernelBackend)) {
    throw new Error('Two copies of tfjs-core are loaded: @tensorflow/tfjs and tfjs-node must share one.');
  }
  tf.enableProdMode();
  tf.registerBackend(eagerBackend, () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 3);
}
