import { join } from 'node:path'
import { expect } from 'chai'
import { ArgumentRangeError, ArgumentTypeError } from '../../lib/errors'
import { LA2019_EVAL_OPERATING_POINT } from '../../lib/metrics'
import { assertAsvChoice, findAsvSource } from '../../lib/scoring/asv-source'
import { writeFolder } from '../dataset/folders'
import { scratchFolder } from '../support/scratch-folder'
import { expectCode, usualAsvScores } from './support'

/** ASV scores that tell which file they are: this many of four spoof trials are rejected, and nothing else is wrong. */
const asvScores = (spoofRejected: number): string =>
  ['target 5', 'nontarget -5', ...[0, 1, 2, 3].map(index => `spoof ${index < spoofRejected ? -9 : 9}`)]
    .map(line => `bonafide ${line}\n`)
    .join('')

describe('the ASV operating point of an evaluation', () => {
  const folder = scratchFolder()
  const trial = (utterance: string) => ({ utterance, attack: undefined, key: 'bonafide' as const })
  const official = [trial('LA_E_0000001'), trial('LA_E_0000002')]
  const others = [trial('LA_E_0000001'), trial('DEMO_0000002')]
  const everything = {
    'mine/asv.txt': asvScores(1),
    'LA/configured/asv.txt': asvScores(2),
    [`LA/${usualAsvScores}`]: asvScores(3),
  }
  const data = (): string => join(folder(), 'LA')
  const configuredPath = 'configured/asv.txt'

  it('is that of the file asked for, before any other', async () => {
    writeFolder(folder(), everything)
    const asked = join(folder(), 'mine', 'asv.txt')
    const found = await findAsvSource({ asvScores: asked, data: data(), configuredPath, trials: official })
    expect(found!.source).to.equal(`${asked} (option)`)
    expect(found!.operatingPoint.pMissSpoof).to.equal(1 / 4)
  })

  it('is the preset asked for, before any file', async () => {
    writeFolder(folder(), everything)
    const found = await findAsvSource({
      asvPreset: 'la2019-eval',
      data: data(),
      configuredPath,
      trials: others,
    })
    expect(found).to.deep.equal({
      operatingPoint: LA2019_EVAL_OPERATING_POINT,
      source: 'preset la2019-eval (option)',
    })
  })

  it('is otherwise that of the path in the configuration, below the data folder', async () => {
    writeFolder(folder(), everything)
    const found = await findAsvSource({ data: data(), configuredPath, trials: official })
    expect(found!.source).to.equal(`${join(data(), configuredPath)} (configured path)`)
    expect(found!.operatingPoint.pMissSpoof).to.equal(2 / 4)
  })

  it("is otherwise that of the organisers' file in its usual place", async () => {
    writeFolder(folder(), everything)
    for (const path of [undefined, 'configured/none.txt']) {
      const found = await findAsvSource({ data: data(), configuredPath: path, trials: official })
      expect(found!.source).to.equal(`${join(data(), usualAsvScores)} (usual place)`)
      expect(found!.operatingPoint.pMissSpoof).to.equal(3 / 4)
    }
  })

  it('is otherwise the preset, when every utterance is of the LA evaluation', async () => {
    const found = await findAsvSource({ data: data(), configuredPath, trials: official })
    expect(found!.operatingPoint).to.deep.equal(LA2019_EVAL_OPERATING_POINT)
    expect(found!.source).to.match(/preset la2019-eval .*every utterance/)
  })

  it('is otherwise none', async () => {
    expect(await findAsvSource({ data: data(), configuredPath, trials: others })).to.equal(undefined)
    expect(await findAsvSource({ trials: [] })).to.equal(undefined)
  })

  it('is never looked for elsewhere when the file asked for cannot be used', async () => {
    writeFolder(folder(), { ...everything, 'mine/asv.txt': 'bonafide target 1\n' })
    for (const name of ['mine/asv.txt', 'mine/none.txt', 'mine']) {
      const request = { asvScores: join(folder(), name), data: data(), trials: official }
      await expectCode(findAsvSource(request), 'SCORES_INVALID')
    }
  })

  it('is not asked for twice, nor by a name that is none', () => {
    expect(() => assertAsvChoice({ asvScores: 'a.txt', asvPreset: 'la2019-eval' }))
      .to.throw(ArgumentTypeError, /not both/)
      .with.property('code', 'INVALID_ARGUMENT')
    for (const asvPreset of ['la2021', 'toString', '']) {
      expect(() => assertAsvChoice({ asvPreset: asvPreset as never })).to.throw(
        ArgumentRangeError,
        /la2019-eval/,
      )
    }
    expect(() => assertAsvChoice({ asvScores: 7 as never })).to.throw(ArgumentTypeError)
  })
})
