import { expect } from 'chai'
import { checkChips } from '../../lib/cli/doctor-chips'
import { scratchFolder } from '../support/scratch-folder'
import { guide310P3 } from '../toolchain/npu-smi-texts'
import { writeNpuSmi, writeProgram } from '../toolchain/stand-ins'
import { join } from 'node:path'

describe('aasist doctor, asking npu-smi', () => {
  const folder = scratchFolder()
  const environment = (): NodeJS.ProcessEnv => ({ PATH: `${folder()}:/usr/bin:/bin` })

  it('tells chips and health', async () => {
    writeNpuSmi(folder(), { info: guide310P3 })
    const [check] = await checkChips({ environment: environment() })
    expect(check).to.include({ name: 'chips', state: 'ok' })
    expect(check!.found).to.match(/^2 chips \(0\/0 310P3 OK, 1\/0 310P3 OK\), npu-smi /)
  })

  it('fails for a chip that is ill, with the command that says more', async () => {
    writeNpuSmi(folder(), { info: guide310P3.replace('| OK   ', '| Alarm') })
    const [check] = await checkChips({ environment: environment() })
    expect(check).to.include({ state: 'failed', fix: 'npu-smi info -t health -i 0' })
    expect(check!.found).to.include('0/0 310P3 Alarm')
  })

  it('fails with its own words where the driver does not answer', async () => {
    writeProgram(join(folder(), 'npu-smi'), [
      'echo "dcmi model initialized failed, because the device is used. ret is -8020"; exit 1',
    ])
    const [check] = await checkChips({ environment: environment() })
    expect(check).to.include({ state: 'failed' })
    expect(check!.found).to.match(/dcmi model initialized failed/)
    expect(check!.fix).to.match(/^npu-smi info {3}# .*HwHiAiUser/)
  })
})
