/** Which NPU to compile for, found out and never guessed. */
import { checkLibraryPath } from '../../session/acl-options'
import { probeNpus } from '../../session/devices'
import {
  checkSoc,
  detectSoc,
  openNpuSmi,
  parseNpuSmiMap,
  parseNpuSmiTable,
  readNpuSmi,
  socVersionOf,
  visibleDevices,
  visibleId,
  type FoundSoc,
  type NpuSmiQuery,
  type SocSource,
} from '../../toolchain'

export interface SocQuestion {
  /** `auto`, or atc's name, such as `Ascend310P3`. */
  readonly soc: string
  readonly environment: Readonly<NodeJS.ProcessEnv>
  readonly signal: AbortSignal | undefined
}

/**
 * The given name, or in this order what AscendCL, `npu-smi info -m` and `npu-smi info` say.
 *
 * @throws ToolError `SOC_UNKNOWN`; ArgumentRangeError `INVALID_ARGUMENT`; the signal's reason
 */
export async function resolveSoc({ soc, environment, signal }: SocQuestion): Promise<FoundSoc> {
  if (checkSoc(soc) !== 'auto') return { soc, source: 'given' }
  const query: NpuSmiQuery = async args => (await openNpuSmi({ environment, signal }))(args)
  return detectSoc([ofAscendCl(), ...ofNpuSmi(query, environment, signal)], signal)
}

function ofAscendCl(): SocSource {
  return {
    name: 'AscendCL (aclrtGetSocName)',
    async find() {
      const { socName } = await probeNpus(checkLibraryPath(undefined))
      if (socName === '') throw new Error('it does not know')
      return [socName]
    },
  }
}

function ofNpuSmi(
  query: NpuSmiQuery,
  environment: Readonly<NodeJS.ProcessEnv>,
  signal: AbortSignal | undefined,
): readonly SocSource[] {
  const visible = visibleDevices(environment)
  const isHidden = (logicId: number | null): boolean =>
    visible.kind === 'some' && logicId !== null && visibleId(visible, logicId) === null
  return [
    {
      name: 'npu-smi info -m',
      async find() {
        const chips = parseNpuSmiMap(await query(['info', '-m'])).filter(({ logicId }) => !isHidden(logicId))
        return complete(chips.map(({ name }) => name))
      },
    },
    {
      name: 'npu-smi info',
      async find() {
        const chips = parseNpuSmiTable(await query(['info'])).chips
        return complete(chips.filter(({ deviceId }) => !isHidden(deviceId)).map(({ name }) => name))
      },
    },
    {
      // The only one that knows the whole name of two-die chips.
      name: 'npu-smi info -t board',
      async find() {
        const { chips } = await readNpuSmi(query, signal)
        return chips
          .filter(({ deviceId }) => !isHidden(deviceId))
          .flatMap(({ socVersion }) => socVersion ?? [])
      },
    },
  ]
}

/** atc's names of all of them; none when one cannot be told. */
function complete(names: readonly (string | null)[]): readonly string[] {
  const socs = names.map(socVersionOf)
  const unclear = names.filter((_, index) => socs[index] === null)
  if (unclear.length > 0) {
    throw new Error(
      `${unclear.map(name => name ?? 'a chip without a name').join(', ')} is not a complete name`,
    )
  }
  return socs.flatMap(soc => soc ?? [])
}
