import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { ModelError } from '../../lib/errors'
import { parseConfig } from '../../lib/model/config'
import { referenceData, root } from '../support/environment'

const demoText = readFileSync(join(root, 'models', 'demo', 'aasist-l-demo.conf'), 'utf8')

/** `model_config` of the published AASIST-L. */
const published = {
  architecture: 'AASIST',
  nb_samp: 64600,
  first_conv: 128,
  filts: [70, [1, 32], [32, 32], [32, 24], [24, 24]],
  gat_dims: [24, 32],
  pool_ratios: [0.4, 0.5, 0.7, 0.5],
  temperatures: [2.0, 2.0, 100.0, 100.0],
}

function withModel(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ model_config: { ...published, ...changes } })
}

function refusal(text: string): ModelError {
  try {
    parseConfig(text, 'AASIST-L.conf')
  } catch (error) {
    if (error instanceof ModelError) return error
    throw error
  }
  throw new Error('the configuration was read')
}

describe('parseConfig', () => {
  it('reads the model of the demo configuration', () => {
    expect(parseConfig(demoText)).to.deep.equal({
      model: {
        architecture: 'AASIST',
        nbSamp: 64600,
        firstConv: 128,
        filts: [70, [1, 32], [32, 32], [32, 24], [24, 24]],
        gatDims: [24, 32],
        poolRatios: [0.4, 0.5, 0.7, 0.5],
        temperatures: [2, 2, 100, 100],
      },
    })
  })

  it('reads the official file, whose training part has booleans as text, with its paths', function () {
    const text = readFileSync(join(referenceData(this), 'checkpoints', 'AASIST-L.conf'), 'utf8')
    const config = parseConfig(text)
    expect(config.model).to.deep.equal(parseConfig(demoText).model)
    expect(config.databasePath).to.equal('./LA/')
    expect(config.asvScorePath).to.equal(
      'ASVspoof2019_LA_asv_scores/ASVspoof2019.LA.asv.eval.gi.trl.scores.txt',
    )
  })

  it('reads text with a byte order mark, carriage returns and numbers in any notation', () => {
    const text = `\uFEFF${withModel({}).replace('64600', '6.46e4').replaceAll(',', ',\r\n')}`
    expect(parseConfig(text).model.nbSamp).to.equal(64600)
  })

  it('takes empty and null paths for none', () => {
    const text = JSON.stringify({ model_config: published, asv_score_path: '', database_path: null })
    expect(parseConfig(text)).to.have.all.keys('model')
  })

  it('accepts the shortest window that leaves one frame to every filter length', () => {
    // 2,187 outputs of the first layer are one frame; 128 taps are made 129, 127 stay.
    expect(parseConfig(withModel({ nb_samp: 2315 })).model.nbSamp).to.equal(2315)
    expect(refusal(withModel({ nb_samp: 2314 })).detail['key']).to.equal('model_config.nb_samp')
    expect(parseConfig(withModel({ nb_samp: 2313, first_conv: 127 })).model.nbSamp).to.equal(2313)
  })

  const wrong: readonly (readonly [key: string, changes: Readonly<Record<string, unknown>>])[] = [
    ['architecture', { architecture: 'RawNet2Spoof' }],
    ['architecture', { architecture: undefined }],
    ['nb_samp', { nb_samp: undefined }],
    ['nb_samp', { nb_samp: '64600' }],
    ['nb_samp', { nb_samp: 64600.5 }],
    ['nb_samp', { nb_samp: -64600 }],
    ['nb_samp', { nb_samp: 1e15 }],
    ['first_conv', { first_conv: 1 }],
    ['first_conv', { first_conv: 1e6 }],
    ['first_conv', { first_conv: null }],
    ['filts', { filts: 70 }],
    ['filts', { filts: [70, [1, 32], [32, 32], [32, 24]] }],
    ['filts', { filts: [70, [1, 32], [32, 32], [32, 24], [24, 24], [24, 24]] }],
    ['filts[0]', { filts: [2, [1, 32], [32, 32], [32, 24], [24, 24]] }],
    ['filts[0]', { filts: [[70], [1, 32], [32, 32], [32, 24], [24, 24]] }],
    ['filts[1]', { filts: [70, [1, 32, 32], [32, 32], [32, 24], [24, 24]] }],
    ['filts[1][0]', { filts: [70, [2, 32], [32, 32], [32, 24], [24, 24]] }],
    ['filts[2][1]', { filts: [70, [1, 32], [32, 4096], [4096, 24], [24, 24]] }],
    ['filts[3][0]', { filts: [70, [1, 32], [32, 32], [24, 24], [24, 24]] }],
    ['filts[4]', { filts: [70, [1, 32], [32, 32], [32, 24], [24, 16]] }],
    ['gat_dims', { gat_dims: [24] }],
    ['gat_dims[0]', { gat_dims: [0, 32] }],
    ['gat_dims[1]', { gat_dims: [24, 1e9] }],
    ['pool_ratios', { pool_ratios: [0.4, 0.5, 0.7] }],
    ['pool_ratios[1]', { pool_ratios: [0.4, 0, 0.7, 0.5] }],
    ['pool_ratios[2]', { pool_ratios: [0.4, 0.5, 1.1, 0.5] }],
    ['pool_ratios[3]', { pool_ratios: [0.4, 0.5, 0.7, null] }],
    ['temperatures', { temperatures: {} }],
    ['temperatures[0]', { temperatures: [0, 2, 100, 100] }],
    ['temperatures[1]', { temperatures: [2, -2, 100, 100] }],
    ['temperatures[2]', { temperatures: [2, 2, 1e300, 100] }],
    ['use_res2net', { use_res2net: true }],
  ]
  for (const [key, changes] of wrong) {
    it(`names ${key} when it is ${JSON.stringify(Object.values(changes)[0]) || 'missing'}`, () => {
      const error = refusal(withModel(changes))
      expect(error.code).to.equal('CONFIG_INVALID')
      expect(error.detail).to.include.keys('found', 'expected')
      expect(error.detail['key']).to.equal(`model_config.${key}`)
      expect(error.message).to.match(/^AASIST-L\.conf: model_config\.\S+ is .+, expected .+$/)
    })
  }

  it('names a number too large for a double', () => {
    const error = refusal(withModel({}).replace('100,100', '1e999,100'))
    expect(error.detail['key']).to.equal('model_config.temperatures[2]')
  })

  for (const [what, text] of [
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '7'],
  ] as const) {
    it(`refuses a file that is ${what}`, () => {
      expect(refusal(text)).to.include({ code: 'CONFIG_INVALID' })
      expect(refusal(text).message).to.include('expected a JSON object')
    })
  }

  it('refuses a file without model_config, or with a path that is no text', () => {
    expect(refusal('{"nb_samp": 64600}').detail['key']).to.equal('model_config')
    expect(refusal(JSON.stringify({ model_config: published, database_path: 7 })).detail['key']).to.equal(
      'database_path',
    )
  })

  describe('of text that is not JSON', () => {
    const broken: readonly (readonly [text: string, line: number, column: number])[] = [
      ['', 1, 1],
      ['{', 1, 2],
      ['{"a": 1,\n "b": tru}', 2, 7],
      ['{"a": 1,\n  "b": [1, 2,]}', 2, 14],
      ['{\n  "a": 1,\n}', 3, 1],
      ['{"a" 1}', 1, 6],
      ['{a: 1}', 1, 2],
      ['[1 2]', 1, 4],
      ['{"a": 1}\n{"b": 2}', 2, 1],
      ['{"a": [1}', 1, 9],
      ['{"a": "no end', 1, 7],
      ['{"a": "tab\tinside"}', 1, 7],
      ['{"a": "bad \\x escape"}', 1, 7],
      ['{"a": 01}', 1, 8],
      ['{"a": .5}', 1, 7],
      ['{"a": NaN}', 1, 7],
      ["{'a': 1}", 1, 2],
      ['\uFEFF{"a": }', 1, 7],
      ['architecture: AASIST', 1, 1],
      [':', 1, 1],
      ['[,1]', 1, 2],
      ['{"a":1 "b":2}', 1, 8],
    ]
    for (const [text, line, column] of broken) {
      it(`gives line ${line}, column ${column} of ${JSON.stringify(text)}`, () => {
        const error = refusal(text)
        expect(error.code).to.equal('CONFIG_INVALID')
        expect(error.detail).to.include({ line, column })
        expect(error.message).to.include(`line ${line}, column ${column}`)
      })
    }

    it('suspects the checkpoint when it gets a zip', () => {
      const error = refusal(readFileSync(join(root, 'models', 'demo', 'aasist-l-demo.pth'), 'latin1'))
      expect(error.code).to.equal('CONFIG_INVALID')
      expect(error.message).to.include('swapped')
    })

    it('refuses what is far too long for a configuration', () => {
      expect(refusal(' '.repeat(2 ** 20 + 1)).message).to.include('at most 1048576')
    })

    it('refuses lists nested a hundred thousand deep', () => {
      expect(refusal('['.repeat(100_000)).code).to.equal('CONFIG_INVALID')
    })
  })

  it('gives a configuration or a typed error whatever becomes of the text', () => {
    fc.assert(
      fc.property(
        fc.nat(demoText.length),
        fc.nat(6),
        fc.string({ maxLength: 4 }),
        (at, removed, inserted) => {
          try {
            parseConfig(demoText.slice(0, at) + inserted + demoText.slice(at + removed))
          } catch (error) {
            expect(error).to.be.instanceOf(ModelError)
            expect((error as ModelError).code).to.equal('CONFIG_INVALID')
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('points where the first JSON mistake is, wherever that is', () => {
    // A control character may stand nowhere in JSON.
    fc.assert(
      fc.property(fc.nat(demoText.length - 1), at => {
        const { line, column } = refusal(`${demoText.slice(0, at)}\u0001${demoText.slice(at)}`).detail
        const lines = demoText.slice(0, at).split('\n')
        expect(line).to.equal(lines.length)
        expect(column).to.be.at.most(lines.at(-1)!.length + 1)
        expect(column).to.be.at.least(lines.at(-1)!.length - 20)
      }),
    )
  })
})
