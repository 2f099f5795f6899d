/** What is told of a GPU that is not there, from what TensorFlow really wrote. */
import { expect, test } from 'vitest';
import type { TrainerEventOf } from '../../../trainer/protocol/events.ts';
import { deviceWords, withDeviceWords } from './trainer-exit.ts';

/** Of TensorFlow's build for GPUs on a machine without a driver. */
const noDriver = `WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1796107585.563385   14567 port.cc:153] oneDNN custom operations are on. You may see slightly different numerical results due to floating-point round-off errors from different computation orders. To turn them off, set the environment variable \`TF_ENABLE_ONEDNN_OPTS=0\`.
I0000 00:00:1796107585.563903   14567 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will not be used.
E0000 00:00:1796107585.905486   14567 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)
FaultError: TensorFlow sees no GPU 0; it has /job:localhost/replica:0/task:0/device:CPU:0.
`;
/** In the form that other parts of TensorFlow log in. */
const notFound =
  '2026-01-02 03:04:05.678901: W tensorflow/core/common_runtime/gpu/gpu_device.cc:2343] Cannot dlopen some GPU libraries.\n';
const always = 'E0000 00:00:1795900466.140762   14685 cuda_dnn.cc:8579] Unable to register cuDNN factory: registered\n';

const failed: TrainerEventOf<'stopped'> = {
  type: 'stopped',
  run: 'r',
  attempt: 1,
  sequence: 3,
  at: 0,
  why: 'failed',
  step: 0,
  safeStep: null,
  fault: { code: 'device-unavailable', message: 'TensorFlow sees no GPU 0.', values: { device: 'gpu:0' } },
};

test('of a GPU that is not there, its fault tells what TensorFlow said of GPUs', () => {
  const { fault } = withDeviceWords(failed, always + notFound + noDriver) as typeof failed;
  expect(fault?.message).toBe(
    'TensorFlow sees no GPU 0. TensorFlow said: Cannot dlopen some GPU libraries. Could not find cuda drivers on your ' +
      'machine, GPU will not be used. failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)',
  );
  expect(fault?.values).toMatchObject({ device: 'gpu:0', tail: deviceWords(notFound + noDriver) });
});

test('other events, and a device of which TensorFlow said nothing, are told as they are', () => {
  expect(withDeviceWords(failed, always)).toBe(failed);
  const diverged = { ...failed, fault: { code: 'diverged', message: 'The loss is not finite.', values: {} } } as const;
  expect(withDeviceWords(diverged, noDriver)).toBe(diverged);
  const { fault: _, ...stopped } = failed;
  expect(withDeviceWords({ ...stopped, why: 'done' }, noDriver)).toEqual({ ...stopped, why: 'done' });
});
