import { expect } from 'chai'
import { nearestTo } from '../../lib/cli/near-miss'

describe('a near miss', () => {
  it('is the candidate with the fewest letters to change', () => {
    expect(nearestTo('scroe', ['demo', 'score', 'eval'])).to.equal(undefined)
    expect(nearestTo('calibrat', ['calibrate', 'cache'])).to.equal('calibrate')
    expect(nearestTo('QUEUE_FUL', ['QUEUE_FULL', 'RUN_FAILED'])).to.equal('QUEUE_FULL')
  })

  it('is none where more than a third of the word would have to change, or there is nothing to mean', () => {
    expect(nearestTo('abc', ['xyz', 'abxyz'])).to.equal(undefined)
    expect(nearestTo('abc', [])).to.equal(undefined)
  })
})
