import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isUint8Array } from 'node:util/types'
import { ArgumentTypeError, ModelError, errorCode } from '../errors'

/** @throws ModelError `MODEL_INVALID` */
export function checkModelBytes(model: Uint8Array, ending: '.onnx' | '.om'): Uint8Array {
  if (model.byteLength > 0) return model
  throw new ModelError('MODEL_INVALID', `the model has no bytes; give those of an ${ending} file`)
}

/**
 * The absolute path of a model file, or a copy of the caller's bytes, made before this returns.
 * @throws ModelError `MODEL_NOT_FOUND`, `MODEL_INVALID`; ArgumentTypeError `INVALID_ARGUMENT`
 */
export async function checkModelSource(
  model: unknown,
  ending: '.onnx' | '.om',
): Promise<string | Uint8Array<ArrayBuffer>> {
  if (typeof model === 'string') {
    const path = resolve(model)
    const file = await stat(path).catch((error: unknown) => {
      const reason = errorCode(error) ?? String(error)
      throw new ModelError(
        'MODEL_NOT_FOUND',
        `no model at ${path} (${reason}); give the path of an ${ending} file`,
        { path, reason },
      )
    })
    if (!file.isFile()) {
      const found = file.isDirectory() ? 'a folder' : 'a pipe or a device'
      throw new ModelError(
        'MODEL_INVALID',
        `${path} is ${found}, not a file; give the path of an ${ending} file`,
        { path, found },
      )
    }
    if (ending === '.om' && file.size === 0) {
      throw new ModelError('MODEL_INVALID', `${path} is empty; give the path of an ${ending} file`, { path })
    }
    return path
  }
  if (!isUint8Array(model)) {
    throw new ArgumentTypeError(`model must be the path of an ${ending} file or its bytes as a Uint8Array`)
  }
  checkModelBytes(model, ending)
  // Out of whatever memory it is in, also shared: the caller keeps its own and may change it at once.
  return Uint8Array.from(model)
}
