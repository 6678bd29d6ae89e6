import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { describeOfflineModel, infoIn } from '../../lib/toolchain/offline-model-info'
import { scratchFolder } from '../support/scratch-folder'
import { writeProgram } from './stand-ins'

describe('toolchain: what an offline model was compiled for', () => {
  const folder = scratchFolder()
  const soc = 'Ascend310P3'

  it("is in a line of atc's display", () => {
    const text = [
      '============ Display Model Info start ============',
      'original atc command: atc --model=a.onnx --soc_version=Ascend310P1',
      'system   info: atc_version[8.1.RC1], soc_version[Ascend310P3], framework_type[Onnx].',
    ]
    expect(infoIn(text.join('\n'))).to.deep.equal({
      soc,
      atcVersion: '8.1.RC1',
      onnx: null,
      toldBy: 'atc --mode=6',
    })
    expect(infoIn('ATC run failed')).to.equal(null)
  })

  const om = (content: string, sha256: string): string => {
    const path = join(folder(), 'x.om')
    writeFileSync(path, content)
    writeFileSync(
      `${path}.json`,
      JSON.stringify({ soc, atc: { version: '7.0.0' }, input: { path: '/m/x.onnx' }, output: { sha256 } }),
    )
    return path
  }
  // sha256sum of the text abc.
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  const described = { soc, atcVersion: '7.0.0', onnx: '/m/x.onnx', toldBy: 'description' }

  it('is in the description beside it, where atc is not there or does not know it', async () => {
    const path = om('abc', abc)
    const environment = { PATH: '/usr/bin:/bin' }
    expect(await describeOfflineModel(path, { atc: null, environment })).to.deep.equal(described)
    const atc = writeProgram(join(folder(), 'atc'), ['echo "ATC run failed"; exit 255'])
    expect(await describeOfflineModel(path, { atc, environment })).to.deep.equal(described)
    expect(await describeOfflineModel(path, { atc: '/none/atc', environment })).to.deep.equal(described)
  })

  it('is not what a description of another file says', async () => {
    expect(await describeOfflineModel(om('abd', abc), { atc: null, environment: {} })).to.equal(null)
  })
})
