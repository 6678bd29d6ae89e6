/** What npu-smi says about the chips, for `doctor`. */
import { errorCode, errorMessage } from '../errors'
import { openNpuSmi, readNpuSmi, type NpuSmiSettings } from '../toolchain'
import type { Check } from './check'
import { counted } from './terminal'

const name = 'chips'

/** Nothing without npu-smi. @throws the signal's reason */
export async function checkChips(settings: NpuSmiSettings): Promise<readonly Check[]> {
  try {
    const { version, chips } = await readNpuSmi(await openNpuSmi(settings), settings.signal)
    const ill = chips.filter(({ health }) => health !== null && health !== 'OK')
    const told = chips.map(
      chip => `${chip.npuId}/${chip.chipId ?? '?'} ${chip.name ?? 'unnamed'} ${chip.health ?? ''}`,
    )
    const found = `${counted(chips.length, 'chip')} (${told.map(text => text.trim()).join(', ')}), npu-smi ${version ?? 'of unknown version'}`
    if (chips.length === 0) return [{ name, state: 'info', found, fix: 'npu-smi info -l' }]
    if (ill.length === 0) return [{ name, state: 'ok', found }]
    const fix = ill.map(({ npuId }) => `npu-smi info -t health -i ${npuId}`).join('; ')
    return [{ name, state: 'failed', found, fix }]
  } catch (error) {
    settings.signal?.throwIfAborted()
    if (errorCode(error) === 'TOOL_NOT_FOUND') return []
    const [found = '', ...advice] = errorMessage(error).split('; ')
    return [
      { name, state: 'failed', found, fix: `npu-smi info   # ${advice.join('; ') || 'see what it says'}` },
    ]
  }
}
