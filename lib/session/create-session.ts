import { isUint8Array } from 'node:util/types'
import { ArgumentTypeError, SessionError, assertKnownOptions } from '../errors'
import { checkOptionKeys, shown } from './arguments'
import { ortOptionNames } from './ort-options'
import type { OrtSessionOptions } from './ort-options'
import { OrtSession } from './ort-session'
import type { Session } from './session'
import { RunRecorder } from './session-stats'

/** One model in the forms it is at hand in; the device decides which is used. Paths or bytes. */
export interface ModelForms {
  /** For the NPU: an offline model, as atc writes it. */
  readonly om?: string | Uint8Array
  /** For the CPU. */
  readonly onnx?: string | Uint8Array
}

/** A path (`.om` or ONNX), bytes (the same, told apart by their first four), or both forms of one model. */
export type ModelSource = string | Uint8Array | ModelForms

export interface SessionOptions extends OrtSessionOptions {
  /** `auto` (default) takes the first that can run the model; a number is an NPU's device id. */
  readonly device?: 'auto' | 'cpu' | 'npu' | number
}

/** The first bytes of an offline model. */
const OM_MAGIC = 'IMOD'

function isOfflineModel(model: string | Uint8Array): boolean {
  if (typeof model === 'string') return model.toLowerCase().endsWith('.om')
  return String.fromCharCode(...model.subarray(0, OM_MAGIC.length)) === OM_MAGIC
}

function modelForms(model: unknown): ModelForms {
  if (typeof model === 'string' || isUint8Array(model)) {
    return isOfflineModel(model) ? { om: model } : { onnx: model }
  }
  if (typeof model === 'object' && model !== null) {
    assertKnownOptions(model, ['om', 'onnx'], 'the model')
    const { om, onnx } = model as ModelForms
    if (om !== undefined || onnx !== undefined) {
      return { ...(om !== undefined && { om }), ...(onnx !== undefined && { onnx }) }
    }
  }
  throw new ArgumentTypeError(
    'the model must be a path, a Uint8Array, or { om, onnx } with at least one of them',
  )
}

function noAddon(wanted: string): SessionError {
  return new SessionError(
    'ADDON_NOT_FOUND',
    `${wanted} needs the Ascend NPU add-on, which this build does not have; use an .onnx model with device 'cpu'`,
    { wanted },
  )
}

/** @internal `createSession` for a pool, which gathers the times of its sessions. */
export async function openSession(
  model: ModelSource,
  options: SessionOptions,
  recorder: RunRecorder,
): Promise<Session> {
  checkOptionKeys(options, ['device', ...ortOptionNames], 'createSession()')
  const { device = 'auto', ...ortOptions } = options
  const { onnx } = modelForms(model)
  if (device === 'npu' || (typeof device === 'number' && Number.isInteger(device) && device >= 0)) {
    throw noAddon(`device ${device}`)
  }
  if (device !== 'auto' && device !== 'cpu') {
    throw new ArgumentTypeError(
      `device must be 'auto', 'cpu', 'npu' or a device id from 0 up, found ${shown(device)}`,
    )
  }
  if (onnx === undefined && device === 'cpu') {
    throw new ArgumentTypeError(
      "device 'cpu' runs ONNX models only; give the model as an .onnx file or as { onnx }",
    )
  }
  if (onnx === undefined) throw noAddon('an offline model (.om)')
  return OrtSession.open(onnx, ortOptions, recorder)
}

/**
 * Opens a session on the device that suits the model.
 *
 * @throws SessionError `ADDON_NOT_FOUND` for an offline model, device `npu` or a device id, `CPU_BACKEND_MISSING`,
 * `SESSION_FAULTED`; ModelError `MODEL_NOT_FOUND`, `MODEL_INVALID`; ArgumentTypeError and ArgumentRangeError
 * `INVALID_ARGUMENT`, `UNKNOWN_OPTION`
 * @example
 * ```ts
 * await using session = await createSession('model.onnx', { device: 'cpu', threads: 2 })
 * console.log(session.inputMetadata, session.device)
 * ```
 */
export async function createSession(model: ModelSource, options: SessionOptions = {}): Promise<Session> {
  return openSession(model, options, new RunRecorder())
}
