import { isUint8Array } from 'node:util/types'
import { ArgumentTypeError, assertKnownOptions } from '../errors'

/** One model in the forms it is at hand in; the device decides which is used. Paths or bytes. */
export interface ModelForms {
  /** For the NPU: an offline model, as atc writes it. */
  readonly om?: string | Uint8Array
  /** For the CPU. */
  readonly onnx?: string | Uint8Array
}

/** A path (`.om` or ONNX), bytes (the same, told apart by their first four), or both forms of one model. */
export type ModelSource = string | Uint8Array | ModelForms

/** The first bytes of an offline model. */
const OM_MAGIC = 'IMOD'

function isOfflineModel(model: string | Uint8Array): boolean {
  // With a separator at its end too, which makes it a folder: a folder is refused by what it was meant to be.
  if (typeof model === 'string') return /\.om\/*$/i.test(model)
  return String.fromCharCode(...model.subarray(0, OM_MAGIC.length)) === OM_MAGIC
}

/** @throws ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` */
export function modelForms(model: unknown): ModelForms {
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
