/**
 * Every error this package raises on purpose. Callers switch on `code`, which is stable; messages say what was
 * found, what was expected and what to do, and may be reworded at any time.
 */

/** Facts for programs: file, line, sizes, the vendor's own number. Plain data only, so that it crosses threads. */
export type ErrorDetail = Readonly<Record<string, unknown>>

export type AudioErrorCode =
  | 'AUDIO_UNSUPPORTED'
  | 'AUDIO_TRUNCATED'
  | 'AUDIO_CORRUPT'
  | 'AUDIO_EMPTY'
  | 'AUDIO_TOO_LARGE'
  | 'AUDIO_NOT_FOUND'
  | 'AUDIO_UNREADABLE'
export type ModelErrorCode =
  | 'CHECKPOINT_UNSAFE'
  | 'CHECKPOINT_INVALID'
  | 'CONFIG_INVALID'
  | 'CALIBRATION_INVALID'
  | 'MODEL_INVALID'
  | 'MODEL_NOT_FOUND'
export type SessionErrorCode =
  | 'ADDON_NOT_FOUND'
  | 'UNSUPPORTED_PLATFORM'
  | 'ACL_LIBRARY_NOT_FOUND'
  | 'ACL_SYMBOL_MISSING'
  | 'ACL_NO_DEVICE'
  | 'ACL_OUT_OF_MEMORY'
  | 'ACL_DEVICE_FAULT'
  | 'ACL_RUNTIME'
  | 'CPU_BACKEND_MISSING'
  | 'PREPARATION_FAILED'
  | 'RUN_FAILED'
  | 'RUN_TIMEOUT'
  | 'SESSION_FAULTED'
  | 'SESSION_RELEASED'
  | 'QUEUE_FULL'
  | 'INPUT_MISSING'
  | 'INPUT_SHAPE'
  | 'INPUT_TYPE'
  | 'OUTPUT_UNKNOWN'
export type DatasetErrorCode =
  'DATASET_INVALID' | 'PROTOCOL_INVALID' | 'SCORES_INVALID' | 'OUTPUT_EXISTS' | 'OUTPUT_UNWRITABLE'
export type MetricsErrorCode = 'METRICS_INVALID'
export type ToolErrorCode = 'TOOL_NOT_FOUND' | 'TOOL_FAILED' | 'ATC_FAILED' | 'SOC_UNKNOWN'
export type ArgumentErrorCode = 'INVALID_ARGUMENT' | 'UNKNOWN_OPTION'

export type ErrorCode =
  | AudioErrorCode
  | ModelErrorCode
  | SessionErrorCode
  | DatasetErrorCode
  | MetricsErrorCode
  | ToolErrorCode
  | ArgumentErrorCode

/** Root of this package's errors, except for argument mistakes, which are TypeError and RangeError with a `code`. */
export class AasistError extends Error {
  override readonly name: string = 'AasistError'
  readonly code: ErrorCode
  readonly detail: ErrorDetail

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.detail = detail
  }
}

/** An error of one subject, which has codes of its own. A generic AasistError would leave `code` any after instanceof. */
abstract class SubjectError<Code extends ErrorCode> extends AasistError {
  override readonly code: Code

  constructor(code: Code, message: string, detail?: ErrorDetail, options?: ErrorOptions) {
    super(code, message, detail, options)
    this.code = code
  }
}

/** A clip cannot be used as speech input. */
export class AudioError extends SubjectError<AudioErrorCode> {
  override readonly name = 'AudioError'
}

/** A checkpoint, configuration, calibration or model file cannot be used. */
export class ModelError extends SubjectError<ModelErrorCode> {
  override readonly name = 'ModelError'
}

/** An inference session cannot be made, or a run cannot be done. */
export class SessionError extends SubjectError<SessionErrorCode> {
  override readonly name = 'SessionError'
}

/** A corpus folder, protocol, score file or results folder is not as it must be. */
export class DatasetError extends SubjectError<DatasetErrorCode> {
  override readonly name = 'DatasetError'
}

/** Scores from which a metric cannot be computed. */
export class MetricsError extends SubjectError<MetricsErrorCode> {
  override readonly name = 'MetricsError'
}

/** A program of the vendor's (atc, npu-smi) is not there, or did not do what it was started for. */
export class ToolError extends SubjectError<ToolErrorCode> {
  override readonly name = 'ToolError'
}

/** An argument of the wrong kind. */
export class ArgumentTypeError extends TypeError {
  override readonly name = 'ArgumentTypeError'
  readonly code: ArgumentErrorCode
  readonly detail: ErrorDetail

  constructor(message: string, detail: ErrorDetail = {}, code: ArgumentErrorCode = 'INVALID_ARGUMENT') {
    super(message)
    this.code = code
    this.detail = detail
  }
}

/** An argument of the right kind with a value out of range. */
export class ArgumentRangeError extends RangeError {
  override readonly name = 'ArgumentRangeError'
  readonly code: ArgumentErrorCode
  readonly detail: ErrorDetail

  constructor(message: string, detail: ErrorDetail = {}, code: ArgumentErrorCode = 'INVALID_ARGUMENT') {
    super(message)
    this.code = code
    this.detail = detail
  }
}

type Reviver = (code: never, message: string, detail?: ErrorDetail) => Error

// The name picks the class, and only that class's own codes were ever written under it: hence `never`.
const revivers: Readonly<Record<string, Reviver>> = {
  AudioError: (code, message, detail) => new AudioError(code, message, detail),
  ModelError: (code, message, detail) => new ModelError(code, message, detail),
  SessionError: (code, message, detail) => new SessionError(code, message, detail),
  DatasetError: (code, message, detail) => new DatasetError(code, message, detail),
  MetricsError: (code, message, detail) => new MetricsError(code, message, detail),
  ToolError: (code, message, detail) => new ToolError(code, message, detail),
  ArgumentTypeError: (code, message, detail) => new ArgumentTypeError(message, detail, code),
  ArgumentRangeError: (code, message, detail) => new ArgumentRangeError(message, detail, code),
}

/** An error as plain data: structured clone drops an Error's class and `code`. */
export interface SerializedError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly detail?: ErrorDetail
}

export function serializeError(error: unknown): SerializedError {
  if (
    error instanceof AasistError ||
    error instanceof ArgumentTypeError ||
    error instanceof ArgumentRangeError
  ) {
    return { name: error.name, message: error.message, code: error.code, detail: error.detail }
  }
  if (error instanceof Error) return { name: error.name, message: error.message }
  return { name: 'Error', message: String(error) }
}

/** The inverse of {@link serializeError}; the stack is the receiver's, which is the one its caller can act on. */
export function deserializeError(serialized: SerializedError): Error {
  if (Object.hasOwn(revivers, serialized.name)) {
    return revivers[serialized.name]!(serialized.code as never, serialized.message, serialized.detail)
  }
  const error = new Error(serialized.message)
  error.name = serialized.name
  return error
}

/** The stable code of any error of this package, of Node or of an abort; undefined for everything else. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Native code and what a caller handed in may throw anything. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * Refuses option keys that mean nothing: a misspelt option that is silently ignored costs its user an afternoon.
 * @throws ArgumentTypeError `UNKNOWN_OPTION`
 */
export function assertKnownOptions(options: unknown, known: readonly string[], where: string): void {
  // JavaScript callers pass anything, a path above all.
  if (typeof options !== 'object' || options === null) {
    const found = options === null ? 'null' : typeof options
    throw new ArgumentTypeError(`${where} takes an object of options, found ${found}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new ArgumentTypeError(
        `${where} has no option "${key}"; it takes ${known.join(', ')}`,
        { option: key, known },
        'UNKNOWN_OPTION',
      )
    }
  }
}
