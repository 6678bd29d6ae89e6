/** What NPU sessions of this process run on. */
import { probeNpus } from '../session/devices'
import { describeAclLibrary } from '../toolchain'

export interface NpuRuntime {
  /** Path of the AscendCL library. */
  readonly library: string
  /** Version of AscendCL's interface; empty where the library does not tell. */
  readonly aclVersion: string
  /** Release of CANN, or the one that the simulator behaves as; null where nothing tells. */
  readonly cannVersion: string | null
  /** Whether the library is the simulator: then no NPU computed anything. */
  readonly simulator: boolean
  /** A sentence for everyone who sees a result of the simulator; null on a real NPU. */
  readonly notice: string | null
}

/** To be asked when a session is open: the library is the one that this process uses already. */
export async function npuRuntime(): Promise<NpuRuntime> {
  const { library, aclVersion } = await probeNpus('')
  const { simulator, cannVersion } = await describeAclLibrary(library)
  return { library, aclVersion, cannVersion, simulator, notice: simulator ? simulatorNotice(library) : null }
}

function simulatorNotice(library: string): string {
  const { ACL_SIM_EXEC_US: latency } = process.env
  return latency === undefined || latency === ''
    ? `computed on the CPU by the simulator of an NPU (${library}): no NPU was used`
    : `made by the simulator of an NPU in latency mode (ACL_SIM_EXEC_US), which computes nothing: scores are placeholders`
}
