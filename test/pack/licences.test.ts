import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/environment'
import { isAccepted, productionPackages } from './production-packages'

const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8')
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ')

describe('licences', () => {
  const packages = productionPackages()

  it('of everything that is installed along with the package allow its use in products', () => {
    expect(packages.map(({ name }) => name)).to.include.members(['fflate', 'onnxruntime-node', 'ansi-regex'])
    expect(packages.filter(({ licence }) => !isAccepted(licence))).to.deep.equal([])
  })

  it('are refused when one of several conditions is not accepted', () => {
    for (const licence of ['GPL-3.0-only', '(MIT AND GPL-3.0-only)', 'none', 'SEE LICENSE IN LICENSE', ''])
      expect(isAccepted(licence), licence).to.equal(false)
    expect(isAccepted('(MIT OR GPL-3.0-only)')).to.equal(true)
  })

  it('in the lockfile are those the packages themselves name', () => {
    for (const { name, path, licence } of packages) {
      const { license } = JSON.parse(read(path, 'package.json')) as { license: string }
      expect(license, name).to.equal(licence)
    }
  })

  describe('of what is in the tarball itself', () => {
    const notice = oneLine(read('NOTICE'))

    it('are named for all sources of the demo clips', () => {
      const clips = JSON.parse(read('models', 'demo', 'clips.json')) as { source: string }[]
      const sources = new Set(clips.map(({ source }) => /^[a-z]+/.exec(source)![0]))
      expect([...sources]).to.have.members(['asterisk', 'espeak', 'flite', 'festival'])
      for (const source of sources) expect(notice.toLowerCase()).to.include(source)
      expect(notice).to.include('Weights aasist-l-demo.pth')
    })

    it('are named for what is compiled into the add-ons, with its copyright line', () => {
      const [, holder] = /^Copyright (\(c\) \d+ \[.*?\])/m.exec(
        read('node_modules', 'node-addon-api', 'LICENSE.md'),
      )!
      expect(notice).to.include(`node-addon-api (Copyright ${holder!.replaceAll(/[[\]]/g, '')})`)
      expect(notice).to.include('node_api.h')
    })

    it('are named for the format of ONNX, whose schema is in lib', () => {
      expect(read('lib', 'model', 'onnx', 'onnx.proto')).to.include('onnx/onnx')
      expect(notice).to.match(/onnx\.proto.*https:\/\/github\.com\/onnx\/onnx, Apache-2\.0/)
    })

    it('are named for the simulator, which has the names of CANN', () => {
      expect(notice).to.match(/prebuilds\/\*\/simulator were written for this project/)
    })
  })
})
