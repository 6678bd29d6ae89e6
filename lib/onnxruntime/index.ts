/**
 * The NPU behind onnxruntime's own interface: a back end named `ascend` for the onnxruntime-node that a program uses
 * already. CPU models go on as before.
 *
 * @example
 * ```ts
 * import * as ort from 'onnxruntime-node'
 * import { registerAscendBackend } from 'aasist-ascend/onnxruntime'
 *
 * registerAscendBackend()
 * const session = await ort.InferenceSession.create('model.om', { executionProviders: ['ascend'] })
 * const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3), [1, 3]) })
 * await session.release()
 * ```
 *
 * @module aasist-ascend/onnxruntime
 */
export { registerAscendBackend } from './register'
export type { BackendRegistry, RegisterOptions } from './register'
export type { AscendProviderOptions, AscendRunOptions } from './options'
export { AasistError, ArgumentRangeError, ArgumentTypeError, ModelError, SessionError } from '../errors'
export type { ArgumentErrorCode, ErrorCode, ErrorDetail, ModelErrorCode, SessionErrorCode } from '../errors'
