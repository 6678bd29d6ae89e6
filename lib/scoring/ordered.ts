/** Bounded concurrency with results in the order of the input. */
import { setMaxListeners } from 'node:events'
import { onAbort, untilAborted } from '../abort-listeners'

export interface OrderedOptions {
  /** Items begun and not yet given out; at least 1. */
  readonly concurrency: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Calls `work` for every item, `concurrency` at a time, and gives the results in input order, each as soon as it and
 * those before it are there. Nothing runs ahead of a consumer that stops asking: at most `concurrency` results wait.
 * Leaving the loop early aborts what is running. An error of `work` or of the source ends the sequence in its turn, so
 * work that may fail must return its failure.
 */
export async function* mapOrdered<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  { concurrency, signal }: OrderedOptions,
): AsyncGenerator<Result, void, undefined> {
  signal?.throwIfAborted()
  const leaving = new AbortController()
  const stop = leaving.signal
  // Every item in work listens to it, and Node takes more than ten listeners for a leak.
  setMaxListeners(0, stop)
  const unsubscribe = signal && onAbort(signal, () => leaving.abort(signal.reason))
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  const running: Promise<Result>[] = []
  const source: { state: 'open' | 'asked' | 'ended' } = { state: 'open' }
  const begin = (result: Promise<Result>): void => {
    // Whoever awaits it later sees the rejection; until then it must not count as unhandled.
    result.catch(() => undefined)
    running.push(result)
  }
  const pull = async (): Promise<void> => {
    source.state = 'asked'
    try {
      const next = await untilAborted(Promise.resolve(iterator.next()), stop)
      source.state = next.done === true ? 'ended' : 'open'
      stop.throwIfAborted()
      if (next.done !== true) begin(work(next.value, stop))
    } catch (error) {
      if (!stop.aborted) source.state = 'ended'
      begin(Promise.reject(error))
    }
  }
  let pulling: Promise<void> | undefined
  // Beside the loop below, so that neither a slow source nor a slow consumer holds back what could run.
  const fill = async (): Promise<void> => {
    while (source.state === 'open' && running.length < concurrency && !stop.aborted) {
      pulling = pull()
      await pulling
    }
  }
  let filling: Promise<void> | undefined
  try {
    for (;;) {
      stop.throwIfAborted()
      filling ??= fill().finally(() => (filling = undefined))
      const [first] = running
      if (first === undefined) {
        if (source.state === 'ended') return
        await pulling
        continue
      }
      const result = await first
      void running.shift()
      yield result
    }
  } finally {
    unsubscribe?.()
    leaving.abort()
    await Promise.allSettled([filling, ...running])
    // A source that has not answered cannot be waited for: it may never answer.
    const closed = source.state === 'ended' ? undefined : Promise.resolve(iterator.return?.())
    if (source.state === 'open') await closed
    else void closed?.catch(() => undefined)
  }
}
