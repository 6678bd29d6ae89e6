/** From what tools say about a chip to the name `atc --soc_version` takes. */
import { ArgumentRangeError, ToolError, errorMessage } from '../errors'

/**
 * Names that are complete for atc when `Ascend` is put in front. Bare `310P`, `310B`, `710` and `910` are families; the
 * two-die generations (`910C`) need a number behind the chip's name, which only `-t board` tells.
 */
const completeNames = [
  /^310$/,
  /^310[PB]\d\w*$/,
  /^910(A|B|Pro[AB]|PremiumA)$/,
  /^910B\d\w*(-\d+)?$/,
  /^(910|950\w*)_\w+$/,
]

/** `310P3` → `Ascend310P3`; null for a name that is not enough. */
export function socVersionOf(name: string | null): string | null {
  if (name === null) return null
  const bare = name.replaceAll(' ', '').replace(/^Ascend[-]?/i, '')
  return completeNames.some(pattern => pattern.test(bare)) ? `Ascend${bare}` : null
}

/** From the lines of `npu-smi info -t board -i <npu> -c <chip>`. */
export function socVersionOfBoard(board: ReadonlyMap<string, string>): string | null {
  const chipName = board.get('chip name') ?? ''
  const bare = chipName.replaceAll(' ', '').replace(/^Ascend/i, '')
  const npuName = board.get('npu name') ?? ''
  if (/^(910|950\w*)$/.test(bare) && /^\w*\d{4}\w*$/.test(npuName)) return `Ascend${bare}_${npuName}`
  return socVersionOf(bare)
}

/** @throws ArgumentRangeError `INVALID_ARGUMENT` */
export function checkSoc(soc: string): string {
  if (soc === 'auto' || /^Ascend[A-Za-z0-9][\w-]*$/.test(soc)) return soc
  throw new ArgumentRangeError(
    `soc is "${soc}"; give atc's name of it, such as Ascend310P3 (Ascend and the name that npu-smi info shows), or auto`,
    { option: 'soc' },
  )
}

export interface SocSource {
  /** How it is asked, such as `npu-smi info -m`. */
  readonly name: string
  /** All it knows of, one a device; an error says why it knows none. */
  readonly find: () => Promise<readonly string[]>
}

export interface FoundSoc {
  readonly soc: string
  readonly source: string
}

/**
 * Asks one after the other until one knows. A machine with several kinds is not decided for.
 *
 * @throws ToolError `SOC_UNKNOWN` with everything that was tried in `detail.tried`; the signal's reason
 */
export async function detectSoc(
  sources: readonly SocSource[],
  signal: AbortSignal | undefined,
): Promise<FoundSoc> {
  const tried: { readonly source: string; readonly reason: string }[] = []
  for (const { name, find } of sources) {
    signal?.throwIfAborted()
    let found: readonly string[]
    try {
      found = [...new Set(await find())]
    } catch (error) {
      signal?.throwIfAborted()
      tried.push({ source: name, reason: errorMessage(error) })
      continue
    }
    const [soc, ...others] = found
    if (soc !== undefined && others.length === 0) return { soc, source: name }
    const reason = soc === undefined ? 'no name that atc takes' : `several kinds of NPU: ${found.join(', ')}`
    tried.push({ source: name, reason })
    // The next one would see the same devices, and perhaps only one of the kinds.
    if (soc !== undefined) break
  }
  const reasons = [...new Set(tried.map(({ reason }) => reason))].map(
    reason =>
      `${tried
        .filter(each => each.reason === reason)
        .map(({ source }) => source)
        .join(', ')} (${reason})`,
  )
  throw new ToolError(
    'SOC_UNKNOWN',
    `which NPU to compile for could not be found out. Tried: ${reasons.join('; ')}. ` +
      'Name it: --soc Ascend310P3, for the name that npu-smi info shows on the machine that will run the model',
    { tried },
  )
}
