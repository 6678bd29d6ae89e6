/**
 * A process that `doctor` starts to ask AscendCL what there is: with a broken driver such a call may never return, or
 * end the process. It tells its parent which device it opens, and sends one {@link ProbeAnswer} in the end.
 */
import { serializeError, type SerializedError } from '../errors'
import { AclSession } from '../session'
import { checkLibraryPath } from '../session/acl-options'
import { probeNpus } from '../session/devices'
import { describeAclLibrary } from '../toolchain'

export interface NpuFacts {
  /** Path of the AscendCL library. */
  readonly library: string
  /** The library is the stand-in of docs/simulator.md. */
  readonly simulator: boolean
  /** Release of CANN; null where nothing tells. */
  readonly cannVersion: string | null
  /** Version of AscendCL's interface; null where the library does not tell. */
  readonly aclVersion: string | null
  readonly devices: number
  /** What atc calls the kind of NPU; null without one. */
  readonly socName: string | null
}

export interface ProbeAnswer {
  /** Null when there is no library. */
  readonly npu: NpuFacts | null
  /** Why there is no NPU, or one that does not work. */
  readonly failure: SerializedError | null
}

/** Sent before each device is opened, which may be the last that is heard. */
export interface ProbeStep {
  readonly opening: number
  readonly npu: NpuFacts
}

/** Of the model that is none: the device was open by then. */
function refusesModel(error: SerializedError): boolean {
  if (error.code === 'MODEL_INVALID') return true
  const call = error.detail?.['call']
  return error.code === 'ACL_RUNTIME' && typeof call === 'string' && call.startsWith('aclmdlLoad')
}

/** Devices are counted by a driver that may not be able to open one: as a session does, up to the loading of a model. */
async function findFault(npu: NpuFacts): Promise<SerializedError | null> {
  for (let device = 0; device < npu.devices; device++) {
    process.send?.({ opening: device, npu } satisfies ProbeStep)
    try {
      await (await AclSession.create(new TextEncoder().encode('no offline model'), { device })).release()
    } catch (error) {
      const failure = serializeError(error)
      if (!refusesModel(failure)) return failure
    }
  }
  return null
}

const orNull = (text: string): string | null => (text === '' ? null : text)

async function probe(): Promise<ProbeAnswer> {
  try {
    const { library, devices, socName, aclVersion } = await probeNpus(checkLibraryPath(undefined))
    const described = await describeAclLibrary(library)
    const facts = { devices, aclVersion: orNull(aclVersion), socName: orNull(socName) }
    const npu = { library, ...described, ...facts }
    return { npu, failure: await findFault(npu) }
  } catch (error) {
    const failure = serializeError(error)
    const library = failure.code === 'ACL_NO_DEVICE' ? failure.detail?.['library'] : undefined
    if (typeof library !== 'string') return { npu: null, failure }
    const described = await describeAclLibrary(library)
    return { npu: { library, ...described, aclVersion: null, devices: 0, socName: null }, failure }
  }
}

void probe().then(answer => process.send?.(answer, () => process.exit()))
