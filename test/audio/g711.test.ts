import { expect } from 'chai'
import { aLawToLinear, muLawToLinear } from '../../lib/audio/wav/g711'
import { requireTool } from '../support/environment'
import { pipe } from './tools'

const everyCode = Uint8Array.from({ length: 256 }, (_, code) => code)

function int16(raw: Buffer): number[] {
  return Array.from({ length: raw.length / 2 }, (_, i) => raw.readInt16LE(2 * i))
}

describe('G.711 tables', () => {
  // The ends and the middle of tables 1 and 2 of ITU-T G.711, shifted to 16 bits.
  it('have the extreme and the smallest values of the recommendation', () => {
    expect([0x00, 0x7f, 0x80, 0xff].map(code => muLawToLinear[code])).to.deep.equal([-32124, 0, 32124, 0])
    expect([0x2a, 0x55, 0xaa, 0xd5].map(code => aLawToLinear[code])).to.deep.equal([-32256, -8, 32256, 8])
  })

  for (const [law, table] of [
    ['mulaw', muLawToLinear],
    ['alaw', aLawToLinear],
  ] as const) {
    it(`expand all 256 ${law} codes as ffmpeg does`, function () {
      requireTool(this, 'ffmpeg')
      const raw = pipe(
        'ffmpeg',
        ['-v', 'error', '-f', law, '-ar', '8000', '-i', '-', '-f', 's16le', '-'],
        everyCode,
      )
      expect([...table]).to.deep.equal(int16(raw))
    })

    it(`expand all 256 ${law} codes as sox does`, function () {
      requireTool(this, 'sox')
      const encoding = law === 'mulaw' ? 'mu-law' : 'a-law'
      const input = ['-t', 'raw', '-r', '8000', '-e', encoding, '-b', '8', '-c', '1', '-']
      const raw = pipe('sox', ['-D', ...input, '-t', 'raw', '-e', 'signed', '-b', '16', '-'], everyCode)
      expect([...table]).to.deep.equal(int16(raw))
    })
  }
})
