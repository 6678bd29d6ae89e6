import { expect } from 'chai'
import { Detector, type TileChoice } from '../../lib'
import { fastestTiles, tileCandidates, type TileTime } from '../../lib/scoring/cpu-tiles'
import { expectCode, tinyModel } from './support'

describe('time tiles for this CPU', () => {
  it('are refused by a name nobody knows', async () => {
    const options = { model: tinyModel.checkpoint, tiles: 'best' as TileChoice }
    await expectCode(Detector.load(options), 'INVALID_ARGUMENT')
  })

  it('that are 3 % faster than the default take its place, and less is taken for noise', () => {
    const [first, second, third] = tileCandidates as [TileTime['tiles'], TileTime['tiles'], TileTime['tiles']]
    const chosen = (...windowMs: readonly [number, number, number]): unknown =>
      fastestTiles([first, second, third].map((tiles, index) => ({ tiles, windowMs: windowMs[index]! })))
    expect(chosen(100, 98, 97.1)).to.equal(first)
    expect(chosen(100, 96.9, 98)).to.equal(second)
    expect(chosen(100, 96, 95)).to.equal(third)
    expect(chosen(100, 120, 130)).to.equal(first)
  })
})
