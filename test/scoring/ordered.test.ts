import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { mapOrdered } from '../../lib/scoring/ordered'
import { collect, failureOf } from './support'

/** Work that takes no notice of anything and answers after some milliseconds. */
const after =
  (ms: (item: number) => number) =>
  async (item: number): Promise<number> => {
    await delay(ms(item))
    return item * 10
  }

/** Work that ends only when it is told to. */
function untilStopped(_: number, stop: AbortSignal): Promise<never> {
  return new Promise((_, reject) => stop.addEventListener('abort', () => reject(stop.reason as Error)))
}

describe('mapOrdered', () => {
  it('gives every result once, in input order, whatever the delays and the concurrency', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        async (delays, concurrency) => {
          const items = delays.keys()
          const results = await collect(
            mapOrdered(
              items,
              after(item => delays[item]!),
              { concurrency },
            ),
          )
          expect(results).to.deep.equal(delays.map((_, index) => index * 10))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('never has more than `concurrency` items begun and not given out, also with a slow consumer', async () => {
    let begun = 0
    let given = 0
    let most = 0
    const work = async (item: number): Promise<number> => {
      begun += 1
      most = Math.max(most, begun - given)
      await delay(1)
      return item
    }
    for await (const result of mapOrdered(Array(30).keys(), work, { concurrency: 4 })) {
      given += 1
      expect(result).to.equal(given - 1)
      await delay(3)
    }
    expect(most).to.equal(4)
  })

  it('takes no more from an endless source than it has room for', async () => {
    let pulled = 0
    function* endless(): Generator<number> {
      for (;;) yield pulled++
    }
    const results = mapOrdered(
      endless(),
      after(() => 0),
      { concurrency: 3 },
    )
    expect((await results.next()).value).to.equal(0)
    await delay(50)
    expect(pulled).to.be.within(1, 4)
    await results.return()
  })

  it('gives out what is there while an asynchronous source takes its time', async () => {
    let release: () => void = () => undefined
    async function* source(): AsyncGenerator<number> {
      yield 1
      await new Promise<void>(resolve => (release = resolve))
      yield 2
    }
    const results = mapOrdered(
      source(),
      after(() => 0),
      { concurrency: 8 },
    )
    expect((await results.next()).value).to.equal(10)
    release()
    expect((await results.next()).value).to.equal(20)
    expect((await results.next()).done).to.equal(true)
  })

  it('closes its source when the consumer leaves early, and stops what is running', async () => {
    let closed = false
    const stopped: number[] = []
    function* source(): Generator<number> {
      try {
        for (let item = 0; ; item++) yield item
      } finally {
        closed = true
      }
    }
    const work = async (item: number, stop: AbortSignal): Promise<number> => {
      if (item === 0) return 0
      stop.addEventListener('abort', () => stopped.push(item))
      return untilStopped(item, stop)
    }
    for await (const first of mapOrdered(source(), work, { concurrency: 4 })) {
      expect(first).to.equal(0)
      await delay(5)
      break
    }
    expect(closed).to.equal(true)
    expect(stopped).to.include.members([1, 2, 3])
  })

  it('can be left while its source never answers', async () => {
    const silent: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    }
    const controller = new AbortController()
    const pending = mapOrdered(
      silent,
      after(() => 0),
      { concurrency: 2, signal: controller.signal },
    ).next()
    await delay(5)
    controller.abort(new Error('enough'))
    expect((await failureOf(pending)).message).to.equal('enough')
  })

  it("ends with the signal's own reason, at once and before anything is begun if it has aborted already", async () => {
    let begun = 0
    const work = (): Promise<number> => Promise.resolve(begun++)
    const reason = new Error('not today')
    const results = mapOrdered([1, 2], work, { concurrency: 2, signal: AbortSignal.abort(reason) })
    expect(await failureOf(results.next())).to.equal(reason)
    expect(begun).to.equal(0)

    const controller = new AbortController()
    const running = mapOrdered([1], untilStopped, { concurrency: 2, signal: controller.signal }).next()
    controller.abort(reason)
    expect(await failureOf(running)).to.equal(reason)
  })

  it('gives out the results before an error of its source or of its work, then that error', async () => {
    function* broken(): Generator<number> {
      yield 1
      yield 2
      throw new Error('the list is broken')
    }
    const results = mapOrdered(
      broken(),
      after(item => 20 - 10 * item),
      { concurrency: 8 },
    )
    expect((await results.next()).value).to.equal(10)
    expect((await results.next()).value).to.equal(20)
    expect((await failureOf(results.next())).message).to.equal('the list is broken')

    const failing = (item: number): Promise<number> =>
      item === 2 ? Promise.reject(new Error('bad luck')) : Promise.resolve(item)
    const worked = mapOrdered([1, 2, 3], failing, { concurrency: 3 })
    expect((await worked.next()).value).to.equal(1)
    expect((await failureOf(worked.next())).message).to.equal('bad luck')
    expect((await worked.next()).done).to.equal(true)
  })

  it('makes Node print no leak warning with many items listening to one signal', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const controller = new AbortController()
    const listening = async (item: number, stop: AbortSignal): Promise<number> => {
      const ignore = (): void => undefined
      stop.addEventListener('abort', ignore)
      await delay(5)
      stop.removeEventListener('abort', ignore)
      return item
    }
    const { signal } = controller
    await collect(mapOrdered(Array(60).keys(), listening, { concurrency: 30, signal }))
    await delay(5)
    process.off('warning', onWarning)
    expect(warnings).to.deep.equal([])
  })
})
