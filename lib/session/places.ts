/** Where the sessions of a pool go. */
import { ArgumentRangeError, ArgumentTypeError } from '../errors'
import { usableCpus } from './cpu-count'
import { modelForms } from './model-forms'
import type { ModelSource } from './model-forms'
import { probeNpus, saysNoUsableNpu, whyNotNpu } from './devices'
import type { DeviceChoice } from './devices'

export interface PlaceSettings {
  readonly sessions: number | undefined
  readonly threadsPerSession: number
  readonly libraryPath: string
}

/** Room for sessions that wait for something else than the CPU, such as a shared disk. */
const SESSIONS_PER_CPU = 4
const ALWAYS_ALLOWED = 32

/** @throws ArgumentRangeError `INVALID_ARGUMENT` for more sessions than the machine could be thought to hold */
function checkCpuSessions(sessions: number): number {
  const cpus = usableCpus()
  const most = Math.max(ALWAYS_ALLOWED, SESSIONS_PER_CPU * cpus)
  if (sessions <= most) return sessions
  throw new ArgumentRangeError(
    `sessions is ${sessions}; this process may use ${cpus} CPU(s), for which ${most} is the most: ` +
      'more sessions than CPUs compute nothing faster, and each holds the model and its buffers in memory',
    { option: 'sessions', most },
  )
}

async function deviceIds(libraryPath: string): Promise<readonly number[]> {
  const { devices } = await probeNpus(libraryPath)
  return Array.from({ length: devices }, (_, id) => id)
}

/** The devices in turn; or the CPU, and why it is that where the machine decided. What does not fit together is refused when a session opens. */
async function devicesFor(
  model: ModelSource,
  choice: Exclude<DeviceChoice, 'npu+cpu'>,
  libraryPath: string,
): Promise<readonly number[] | { readonly reason: string | undefined }> {
  const { om, onnx } = modelForms(model)
  if (choice === 'cpu') return { reason: undefined }
  if (typeof choice === 'object') return choice
  if (om === undefined) return choice === 'auto' ? { reason: undefined } : [0]
  try {
    return await deviceIds(libraryPath)
  } catch (error) {
    if (choice === 'auto' && onnx !== undefined && saysNoUsableNpu(error)) return { reason: whyNotNpu(error) }
    throw error
  }
}

/** Every NPU once, then the sessions on the CPU; one CPU is left to those who prepare runs and hand them on. */
async function bothKinds(
  model: ModelSource,
  { sessions, threadsPerSession, libraryPath }: PlaceSettings,
): Promise<readonly ('cpu' | number)[]> {
  const { om, onnx } = modelForms(model)
  if (om === undefined || onnx === undefined) {
    throw new ArgumentTypeError(
      `device 'npu+cpu' needs the model in both forms, and ${om === undefined ? 'om' : 'onnx'} is missing; give { om, onnx }, or to a detector and on the command line the .pth or .onnx of the model`,
      { option: 'device' },
    )
  }
  const spare = Math.max(1, Math.floor((usableCpus() - 1) / threadsPerSession))
  const count = checkCpuSessions(sessions ?? spare)
  return [...(await deviceIds(libraryPath)), ...Array.from({ length: count }, () => 'cpu' as const)]
}

export interface Places {
  /** The device of each session. */
  readonly devices: readonly ('cpu' | number)[]
  /** Why no NPU, where the machine decided. */
  readonly reason: string | undefined
}

/**
 * Where the sessions go.
 * @throws the errors of `probeNpus`, and ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`
 */
export async function choosePlaces(
  model: ModelSource,
  choice: DeviceChoice,
  { sessions, threadsPerSession, libraryPath }: PlaceSettings,
): Promise<Places> {
  if (choice === 'npu+cpu') {
    return {
      devices: await bothKinds(model, { sessions, threadsPerSession, libraryPath }),
      reason: undefined,
    }
  }
  const devices = await devicesFor(model, choice, libraryPath)
  if ('reason' in devices) {
    const count = checkCpuSessions(sessions ?? Math.max(1, Math.floor(usableCpus() / threadsPerSession)))
    return { devices: Array.from({ length: count }, () => 'cpu' as const), reason: devices.reason }
  }
  const count = sessions ?? devices.length
  return {
    devices: Array.from({ length: count }, (_, index) => devices[index % devices.length]!),
    reason: undefined,
  }
}
