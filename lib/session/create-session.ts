import { ArgumentTypeError } from '../errors'
import { aclOptionNames, checkLibraryPath } from './acl-options'
import type { AclSessionOptions } from './acl-options'
import { AclSession } from './acl-session'
import { checkOptionKeys } from './arguments'
import { checkDeviceOptions, targetOf } from './device-options'
import { checkDevices, probeNpus, saysNoNpu, saysNoUsableNpu, whyNotNpu } from './devices'
import { modelForms } from './model-forms'
import type { ModelSource } from './model-forms'
import { ortOptionNames } from './ort-options'
import type { OrtSessionOptions } from './ort-options'
import { OrtSession } from './ort-session'
import type { Session } from './session'
import { RunRecorder } from './session-stats'

export type { ModelForms, ModelSource } from './model-forms'

/**
 * Those of both back ends. An option of the other one than the model runs on is refused (`INVALID_ARGUMENT`); where the
 * machine decides (`{ om, onnx }` with `auto`), both are welcome.
 */
export interface SessionOptions extends OrtSessionOptions, Omit<AclSessionOptions, 'device'> {
  /**
   * `auto` (default) takes an NPU for an offline model and the CPU for an ONNX one; of `{ om, onnx }` it takes the
   * offline model where there is an NPU, and `device.reason` of the session says why not where there is none. `npu` is NPU 0; a number, or an array of one, is an NPU's device id.
   */
  readonly device?: 'auto' | 'cpu' | 'npu' | number | readonly number[]
}

const aclOnlyNames = aclOptionNames.filter(name => name !== 'device')

/** The options among `names`. */
function pick<T extends object, K extends keyof T>(options: T, names: readonly K[]): Pick<T, K> {
  const own = names.filter(name => Object.hasOwn(options, name))
  return Object.fromEntries(own.map(name => [name, options[name]])) as Pick<T, K>
}

/** @internal `createSession` for a pool, which gathers the times of its sessions and has checked its options. */
export async function openSession(
  model: ModelSource,
  options: SessionOptions,
  recorder: RunRecorder,
): Promise<Session> {
  const { om, onnx } = modelForms(model)
  const choice = checkDevices(options.device)
  const openCpu = (reason?: string): Promise<Session> =>
    OrtSession.open(onnx, pick(options, ortOptionNames), recorder, reason)
  const openNpu = (device: number): Promise<Session> =>
    AclSession.open(om, { ...pick(options, aclOnlyNames), device }, recorder)
  if (choice === 'npu+cpu') {
    throw new ArgumentTypeError("a session has one device; createPool() takes 'npu+cpu'", {
      option: 'device',
    })
  }
  if (choice === 'cpu') {
    if (onnx !== undefined) return openCpu()
    throw new ArgumentTypeError(
      "device 'cpu' runs ONNX models only; give the model as an .onnx file or as { onnx }",
    )
  }
  if (choice !== 'auto') {
    const [device = 0, ...more] = choice === 'npu' ? [] : choice
    if (om === undefined) {
      throw new ArgumentTypeError(
        'an NPU runs offline models (.om) only; compile the ONNX model with atc, and give the result as an .om file or as { om }',
      )
    }
    if (more.length === 0) return openNpu(device)
    throw new ArgumentTypeError('a session has one device; createPool() takes several', { option: 'device' })
  }
  if (om === undefined) return openCpu()
  if (onnx === undefined) return openNpu(0)
  try {
    // First the machine, then the model: where there is no NPU, the offline model need not be there either.
    await probeNpus(checkLibraryPath(options.libraryPath))
  } catch (error) {
    if (saysNoUsableNpu(error)) return openCpu(whyNotNpu(error))
    throw error
  }
  try {
    return await openNpu(0)
  } catch (error) {
    if (saysNoNpu(error)) return openCpu(whyNotNpu(error))
    throw error
  }
}

/**
 * Opens a session on the device that suits the model.
 *
 * @throws SessionError `ADDON_NOT_FOUND`, `UNSUPPORTED_PLATFORM`, `ACL_LIBRARY_NOT_FOUND`, `ACL_SYMBOL_MISSING`,
 * `ACL_NO_DEVICE`, `ACL_OUT_OF_MEMORY`, `ACL_DEVICE_FAULT`, `ACL_RUNTIME` for NPUs, `CPU_BACKEND_MISSING`,
 * `SESSION_FAULTED` for the CPU; ModelError `MODEL_NOT_FOUND`, `MODEL_INVALID`; ArgumentTypeError and
 * ArgumentRangeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`
 * @example
 * ```ts
 * await using session = await createSession('model.onnx', { device: 'cpu', threads: 2 })
 * console.log(session.inputMetadata, session.device)
 * ```
 */
export async function createSession(model: ModelSource, options: SessionOptions = {}): Promise<Session> {
  const where = 'createSession()'
  checkOptionKeys(options, [...new Set(['device', ...ortOptionNames, ...aclOptionNames])], where)
  checkDeviceOptions(options, targetOf(modelForms(model), checkDevices(options.device)), where)
  return openSession(model, options, new RunRecorder())
}
