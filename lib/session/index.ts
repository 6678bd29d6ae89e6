/**
 * Inference sessions: a model with a `run()`, on the CPU through onnxruntime or on Ascend NPUs through AscendCL. Nothing
 * in here knows what the model is for. Errors are classes of this package with a stable `code`.
 *
 * @example
 * ```ts
 * import { createPool, createSession } from 'aasist-ascend/session'
 *
 * await using session = await createSession('model.onnx', { threads: 2 })
 * const { y } = await session.run({ x: { type: 'float32', dims: [1, 3], data: Float32Array.of(1, 2, 3) } })
 * ```
 *
 * Each CPU session has a worker beside the caller (a thread, or a child process), which never keeps the process alive
 * while it is idle. The exit of the process, however it comes about, waits for a run in progress (`exitWaitMs`) or
 * takes the child process along. To finish the work in progress on SIGTERM:
 *
 * ```ts
 * process.once('SIGTERM', () => void session.release().then(() => process.exit(0)))
 * ```
 *
 * @module aasist-ascend/session
 */
export { createSession } from './create-session'
export type { ModelForms, ModelSource, SessionOptions } from './create-session'
export { AclSession } from './acl-session'
export type { AclSessionOptions } from './acl-options'
export { OrtSession } from './ort-session'
export type { OrtSessionOptions } from './ort-options'
export type { GraphOptimization } from './ort-protocol'
export { sessionChannels } from './diagnostics'
export type {
  LogMessage,
  PoolRunMessage,
  SessionLogCode,
  SessionRunMessage,
  TracedFailure,
} from './diagnostics'
export type { Device, RunOptions, Session, SessionStats, TimeSummary } from './session'
export type { FailoverEvent, PoolOptions } from './pool-options'
export { SessionPool, createPool } from './session-pool'
export type { PoolStats } from './session-pool'
export type { FailedAttempt } from './pool-attempts'
export type {
  Feeds,
  Outputs,
  TensorData,
  TensorDataByType,
  TensorLike,
  TensorMetadata,
  TensorType,
  TypedTensor,
} from './tensor'
export { AasistError, ArgumentRangeError, ArgumentTypeError, ModelError, SessionError } from '../errors'
export type { ArgumentErrorCode, ErrorCode, ErrorDetail, ModelErrorCode, SessionErrorCode } from '../errors'
