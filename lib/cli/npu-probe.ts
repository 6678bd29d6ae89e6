/**
 * A process that `doctor` starts to ask AscendCL what there is: with a broken driver such a call may never return, or
 * end the process. It sends one {@link ProbeAnswer} to its parent.
 */
import { errorCode, serializeError, type SerializedError } from '../errors'
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

/** What is wrong with a device; any other refusal is of the model that is none. */
const deviceFaults: ReadonlySet<string> = new Set(['ACL_NO_DEVICE', 'ACL_DEVICE_FAULT', 'ACL_OUT_OF_MEMORY'])

/** Devices are counted by a driver that may not be able to open one: as a session does, up to the loading of a model. */
async function findFault(devices: number): Promise<SerializedError | null> {
  for (let device = 0; device < devices; device++) {
    try {
      await (await AclSession.create(new TextEncoder().encode('no offline model'), { device })).release()
    } catch (error) {
      if (deviceFaults.has(errorCode(error) ?? '')) return serializeError(error)
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
    return { npu: { library, ...described, ...facts }, failure: await findFault(devices) }
  } catch (error) {
    const failure = serializeError(error)
    const library = failure.code === 'ACL_NO_DEVICE' ? failure.detail?.['library'] : undefined
    if (typeof library !== 'string') return { npu: null, failure }
    const described = await describeAclLibrary(library)
    return { npu: { library, ...described, aclVersion: null, devices: 0, socName: null }, failure }
  }
}

void probe().then(answer => process.send?.(answer, () => process.exit()))
