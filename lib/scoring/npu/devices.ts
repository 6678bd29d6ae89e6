/** The NPUs of this machine, out of what the driver's tool and AscendCL say. */
import { ArgumentTypeError, assertKnownOptions, errorCode } from '../../errors'
import { checkLibraryPath } from '../../session/acl-options'
import { probeNpus, saysNoNpu } from '../../session/devices'
import {
  davinciNodes,
  driverVersion,
  nameOf,
  openNpuSmi,
  readNpuSmi,
  unknownChip,
  visibleDevices,
  visibleDevicesVariable,
  visibleId,
  type NpuSmiChips,
} from '../../toolchain'

/** A chip to compute on; null where nobody tells. */
export interface NpuDevice {
  /** The card's number for npu-smi; neither small nor contiguous. */
  readonly npuId: number | null
  /** The chip's number on its card. */
  readonly chipId: number | null
  /**
   * What `device: 0` and `--device 0` mean in this process: after ASCEND_RT_VISIBLE_DEVICES, which null may also mean
   * hides it.
   */
  readonly deviceId: number | null
  /** Such as `310P3`. */
  readonly name: string | null
  /** What `atc --soc_version` takes, such as `Ascend310P3`. */
  readonly socVersion: string | null
  /** `OK`, `Warning`, `Alarm`, `Critical`, as the driver says it. */
  readonly health: string | null
  /** Of the card; on the first of its chips. */
  readonly powerW: number | null
  readonly temperatureC: number | null
  /** Of the HBM where the card has some. */
  readonly memoryUsedMb: number | null
  readonly memoryTotalMb: number | null
  /** PCI address. */
  readonly busId: string | null
}

export interface DeviceList {
  readonly devices: readonly NpuDevice[]
  /** What could not be read, and what may surprise. */
  readonly warnings: readonly string[]
}

export interface ListDevicesOptions {
  /** Default: this process's. */
  readonly environment?: Readonly<NodeJS.ProcessEnv>
  /** The AscendCL library, as for a session. */
  readonly libraryPath?: string
  readonly signal?: AbortSignal
}

interface AclView {
  readonly devices: number
  readonly socName: string
}

/**
 * Lists the NPUs with what `npu-smi` and AscendCL tell of them. A machine without any gives an empty list.
 *
 * @throws ToolError `TOOL_FAILED` when npu-smi is there and does not answer, and nobody else knows a device; SessionError
 *   `ACL_RUNTIME` likewise; ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION`; the signal's reason
 */
export async function listDevices(options: ListDevicesOptions = {}): Promise<DeviceList> {
  assertKnownOptions(options, ['environment', 'libraryPath', 'signal'], 'listDevices()')
  const { environment = process.env, signal } = options
  const warnings: string[] = []
  const failures: Error[] = []
  const npuSmi = await askNpuSmi(environment, signal, failures)
  const acl = await askAcl(checkLibraryPath(options.libraryPath), failures)
  signal?.throwIfAborted()
  warnings.push(...(npuSmi?.warnings ?? []))
  if (npuSmi !== undefined && npuSmi.chips.length > 0) {
    const devices = merge(npuSmi, acl, environment, warnings)
    return { devices, warnings: [...warnings, ...failures.map(({ message }) => message)] }
  }
  const others = acl === undefined ? await fromNodes(warnings) : fromAcl(acl)
  const [failure] = failures
  if (others.length === 0 && failure !== undefined) throw failure
  return { devices: others, warnings: [...warnings, ...failures.map(({ message }) => message)] }
}

async function askNpuSmi(
  environment: Readonly<NodeJS.ProcessEnv>,
  signal: AbortSignal | undefined,
  failures: Error[],
): Promise<NpuSmiChips | undefined> {
  try {
    return await readNpuSmi(await openNpuSmi({ environment, signal }), signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (errorCode(error) !== 'TOOL_NOT_FOUND') failures.push(asError(error))
    return undefined
  }
}

async function askAcl(libraryPath: string, failures: Error[]): Promise<AclView | undefined> {
  try {
    return await probeNpus(libraryPath)
  } catch (error) {
    if (error instanceof ArgumentTypeError) throw error
    if (!saysNoNpu(error)) failures.push(asError(error))
    return undefined
  }
}

function merge(
  npuSmi: NpuSmiChips,
  acl: AclView | undefined,
  environment: Readonly<NodeJS.ProcessEnv>,
  warnings: string[],
): readonly NpuDevice[] {
  const visible = visibleDevices(environment)
  if (visible.kind === 'invalid') {
    warnings.push(
      `${visibleDevicesVariable}="${visible.value}" is not a list of device ids, ascending and with commas between: ` +
        'AscendCL refuses it, and no device can be used',
    )
  }
  if (visible.kind === 'some') {
    warnings.push(
      `${visibleDevicesVariable}=${visible.ids.join(',')} shows this process these devices only, counted from 0`,
    )
  }
  const devices = npuSmi.chips.map(chip => ({ ...chip, deviceId: visibleId(visible, chip.deviceId) }))
  if (acl === undefined) return devices.map(inOrder)
  const shown = devices.filter(({ deviceId }) => deviceId !== null).length
  if (shown > acl.devices) {
    warnings.push(
      `AscendCL sees ${acl.devices} of ${shown} devices that npu-smi lists; device ids above were left out`,
    )
  }
  return devices.map(device => {
    const deviceId = device.deviceId !== null && device.deviceId < acl.devices ? device.deviceId : null
    const isSure = device.socVersion !== null || devices.length > 1 || acl.socName === ''
    return inOrder({ ...device, deviceId, socVersion: isSure ? device.socVersion : acl.socName })
  })
}

function fromAcl({ devices, socName }: AclView): readonly NpuDevice[] {
  return Array.from({ length: devices }, (_, deviceId) =>
    inOrder({
      ...nothing,
      deviceId,
      name: nameOf(socName.replace(/^Ascend/, '')),
      socVersion: socName === '' ? null : socName,
    }),
  )
}

/** One a chip, and the driver says no more without its tool. */
async function fromNodes(warnings: string[]): Promise<readonly NpuDevice[]> {
  const nodes = await davinciNodes()
  if (nodes.length === 0) return []
  const version = await driverVersion()
  warnings.push(
    `${nodes.map(node => `/dev/davinci${node}`).join(', ')}${version === null ? '' : ` (driver ${version})`} are all that ` +
      'is known: neither npu-smi nor AscendCL is there to tell more',
  )
  return nodes.map(() => nothing)
}

const nothing = inOrder({ ...unknownChip, npuId: null, socVersion: null })

/** These keys and no others, always in one order. */
function inOrder(device: NpuDevice): NpuDevice {
  const { npuId, chipId, deviceId, name, socVersion, health } = device
  const { powerW, temperatureC, memoryUsedMb, memoryTotalMb, busId } = device
  return {
    ...{ npuId, chipId, deviceId, name, socVersion, health },
    ...{ powerW, temperatureC, memoryUsedMb, memoryTotalMb, busId },
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
