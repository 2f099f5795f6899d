/** TensorFlow's eager context, which runs operations one by one, and its devices. */
import { checkStatus, type Handle, type TensorFlow } from './tensorflow.ts';

export interface EagerContext {
  readonly handle: Handle;
  /** Names of the devices, in TensorFlow's order. */
  readonly devices: readonly string[];
}

/** @param config bytes of a ConfigProto */
export function openEagerContext(tensorflow: TensorFlow, config: Uint8Array, status: Handle): EagerContext {
  const options = tensorflow.TFE_NewContextOptions();
  tensorflow.TFE_ContextOptionsSetConfig(options, config, config.length, status);
  checkStatus(tensorflow, status, 'run with these options');
  const handle = tensorflow.TFE_NewContext(options, status);
  checkStatus(tensorflow, status, 'run at all');
  tensorflow.TFE_DeleteContextOptions(options);
  return { handle, devices: devicesOf(tensorflow, handle, status) };
}

function devicesOf(tensorflow: TensorFlow, context: Handle, status: Handle): readonly string[] {
  const list = tensorflow.TFE_ContextListDevices(context, status);
  checkStatus(tensorflow, status, 'run the list of devices');
  const devices = Array.from({ length: tensorflow.TF_DeviceListCount(list) }, (_, index) =>
    tensorflow.TF_DeviceListName(list, index, status),
  );
  tensorflow.TF_DeleteDeviceList(list);
  return devices;
}
