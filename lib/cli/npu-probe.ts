/**
 * A process that `doctor` starts to ask AscendCL what there is: with a broken driver such a call may never return, or
 * end the process. It sends one {@link ProbeAnswer} to its parent.
 */
import { serializeError, type SerializedError } from '../errors'
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
  readonly failure: SerializedError | null
}

const orNull = (text: string): string | null => (text === '' ? null : text)

async function probe(): Promise<ProbeAnswer> {
  try {
    const { library, devices, socName, aclVersion } = await probeNpus(checkLibraryPath(undefined))
    const described = await describeAclLibrary(library)
    const facts = { devices, aclVersion: orNull(aclVersion), socName: orNull(socName) }
    return { npu: { library, ...described, ...facts }, failure: null }
  } catch (error) {
    const failure = serializeError(error)
    const library = failure.code === 'ACL_NO_DEVICE' ? failure.detail?.['library'] : undefined
    if (typeof library !== 'string') return { npu: null, failure }
    const described = await describeAclLibrary(library)
    return { npu: { library, ...described, aclVersion: null, devices: 0, socName: null }, failure }
  }
}

void probe().then(answer => process.send?.(answer, () => process.exit()))
