/** Where the sessions of a pool go. */
import { usableCpus } from './cpu-count'
import { modelForms } from './model-forms'
import type { ModelSource } from './model-forms'
import { probeNpus, saysNoNpu } from './devices'
import type { DeviceChoice } from './devices'

export interface PlaceSettings {
  readonly sessions: number | undefined
  readonly threadsPerSession: number
  readonly libraryPath: string
}

async function deviceIds(libraryPath: string): Promise<readonly number[]> {
  const { devices } = await probeNpus(libraryPath)
  return Array.from({ length: devices }, (_, id) => id)
}

/** The devices in turn; `cpu` as often as CPUs suffice. What does not fit together is refused when a session opens. */
async function devicesFor(
  model: ModelSource,
  choice: DeviceChoice,
  libraryPath: string,
): Promise<readonly number[] | 'cpu'> {
  const { om, onnx } = modelForms(model)
  if (choice === 'cpu') return 'cpu'
  if (typeof choice === 'object') return choice
  if (om === undefined) return choice === 'auto' ? 'cpu' : [0]
  try {
    return await deviceIds(libraryPath)
  } catch (error) {
    if (choice === 'auto' && onnx !== undefined && saysNoNpu(error)) return 'cpu'
    throw error
  }
}

/**
 * The device of each session.
 * @throws the errors of `probeNpus`, and ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`
 */
export async function choosePlaces(
  model: ModelSource,
  choice: DeviceChoice,
  { sessions, threadsPerSession, libraryPath }: PlaceSettings,
): Promise<readonly ('cpu' | number)[]> {
  const devices = await devicesFor(model, choice, libraryPath)
  if (devices === 'cpu') {
    const count = sessions ?? Math.max(1, Math.floor(usableCpus() / threadsPerSession))
    return Array.from({ length: count }, () => 'cpu' as const)
  }
  return Array.from({ length: sessions ?? devices.length }, (_, index) => devices[index % devices.length]!)
}
