/** Bounded concurrency with results in the order of the input. */

export interface OrderedOptions {
  /** Items begun and not yet given out; at least 1. */
  readonly concurrency: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Calls `work` for every item, `concurrency` at a time, and gives the results in input order. Nothing runs ahead of a
 * consumer that stops asking: at most `concurrency` results wait. Leaving the loop early aborts what is running.
 * An error of `work` ends the sequence, so work that may fail must return its failure.
 */
export async function* mapOrdered<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  { concurrency, signal }: OrderedOptions,
): AsyncGenerator<Result, void, undefined> {
  const leaving = new AbortController()
  const stop = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal])
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  const running: Promise<Result>[] = []
  let exhausted = false
  try {
    for (;;) {
      while (!exhausted && running.length < concurrency) {
        stop.throwIfAborted()
        const next = await iterator.next()
        if (next.done === true) exhausted = true
        else {
          const result = work(next.value, stop)
          // Whoever awaits it later sees the rejection; until then it must not count as unhandled.
          result.catch(() => undefined)
          running.push(result)
        }
      }
      const first = running.shift()
      if (first === undefined) return
      yield await first
    }
  } finally {
    leaving.abort()
    await Promise.allSettled(running)
    if (!exhausted) await iterator.return?.()
  }
}
