import { expect } from 'chai'
import { failureOf } from '../support/failure'
import { Rest } from './rest'

describe('a rest of a soak', () => {
  const look = (): Promise<void> => Promise.resolve()

  it('begins when every lane stands, and lets them go on', async () => {
    const rest = new Rest(['one', 'two'])
    let looked = 0
    const resting = rest.during(() => {
      looked += 1
      return look()
    }, 10_000)
    const first = rest.pass('one')
    expect(looked).to.equal(0)
    await Promise.all([first, rest.pass('two'), resting])
    expect(looked).to.equal(1)
    await rest.pass('one')
  })

  it('names the lanes that do not come to the end of a round', async () => {
    const rest = new Rest(['one', 'stuck', 'two'])
    const resting = rest.during(look, 50)
    void rest.pass('two')
    void rest.pass('one')
    expect((await failureOf(resting)).message).to.match(/within 0\.05 s: stuck$/)
  })
})
