/** Which device a caller means, and which there are. */
import { setTimeout as delay } from 'node:timers/promises'
import { ArgumentTypeError, SessionError, errorCode, errorMessage } from '../errors'
import { openError } from './acl-errors'
import { shown } from './arguments'
import { loadAddon } from './binding'
import type { NativeProbe } from './binding'

/** What was asked for, in one form. */
export type DeviceChoice = 'auto' | 'cpu' | 'npu' | 'npu+cpu' | readonly number[]

const isDeviceId = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31

/** @throws ArgumentTypeError `INVALID_ARGUMENT` */
export function checkDevices(device: unknown): DeviceChoice {
  if (device === undefined) return 'auto'
  if (device === 'auto' || device === 'cpu' || device === 'npu' || device === 'npu+cpu') return device
  if (isDeviceId(device)) return [device]
  if (Array.isArray(device) && device.length > 0 && device.every(isDeviceId)) return [...new Set(device)]
  throw new ArgumentTypeError(
    `device must be 'auto', 'cpu', 'npu', 'npu+cpu', a device id from 0 up or several of them, found ${shown(device)}`,
    { option: 'device' },
  )
}

/** Codes that say: there is no NPU to be used on this machine, whatever the model. */
const noNpu: ReadonlySet<string> = new Set([
  'ADDON_NOT_FOUND',
  'UNSUPPORTED_PLATFORM',
  'ACL_LIBRARY_NOT_FOUND',
  'ACL_SYMBOL_MISSING',
  'ACL_NO_DEVICE',
])

export function saysNoNpu(error: unknown): boolean {
  return noNpu.has(errorCode(error) ?? '')
}

/** An error of {@link probeNpus} that leaves the work to the CPU where the machine decides: no NPU, or none that starts. */
export function saysNoUsableNpu(error: unknown): boolean {
  return saysNoNpu(error) || ['ACL_RUNTIME', 'ACL_DEVICE_FAULT'].includes(errorCode(error) ?? '')
}

/** What {@link saysNoNpu} was about, in one line. */
export function whyNotNpu(error: unknown): string {
  const message = errorMessage(error)
  return `${message.split('\n', 1)[0]!.replace(/\.$/, '')} (${errorCode(error) ?? 'unknown'})`
}

/** A driver that is in trouble may not answer at all. Some are slow: the first call of a day takes seconds. */
const ANSWER_WITHIN_MS = 30_000

/** The probe keeps no event loop alive; while somebody waits for it, this timer does. */
async function answered<T>(probe: Promise<T>, withinMs: number): Promise<T> {
  const timer = new AbortController()
  const silence = delay(withinMs, undefined, { signal: timer.signal }).then(
    () => {
      throw new SessionError(
        'ACL_NO_DEVICE',
        `AscendCL does not answer within ${withinMs / 1000} s; see whether npu-smi info does, and whether the driver is in order`,
        { withinMs },
      )
    },
    () => probe,
  )
  try {
    return await Promise.race([probe, silence])
  } finally {
    timer.abort()
  }
}

/**
 * Loads AscendCL and counts its devices, off the event loop.
 * @throws SessionError `ADDON_NOT_FOUND`, `UNSUPPORTED_PLATFORM`, `ACL_LIBRARY_NOT_FOUND`, `ACL_SYMBOL_MISSING`,
 * `ACL_NO_DEVICE` (also when AscendCL does not answer within `withinMs`), `ACL_RUNTIME`
 */
export async function probeNpus(libraryPath: string, withinMs = ANSWER_WITHIN_MS): Promise<NativeProbe> {
  const found = await answered(loadAddon().probe(libraryPath), withinMs)
  if ('failure' in found) throw openError(found.failure, { device: 0, model: 'the model' })
  if (found.devices > 0) return found
  throw new SessionError(
    'ACL_NO_DEVICE',
    `AscendCL (${found.library}) finds no NPU; see what is there with npu-smi info, and whether ASCEND_RT_VISIBLE_DEVICES hides them`,
    { library: found.library },
  )
}
