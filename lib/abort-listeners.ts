/** Many runs share one signal, and an AbortSignal with more than ten listeners makes Node print a leak warning. */

interface Fan {
  readonly callbacks: Set<() => void>
  readonly fire: () => void
}

const fans = new WeakMap<AbortSignal, Fan>()

/** Calls back once when `signal` aborts; the returned function ends the subscription. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let fan = fans.get(signal)
  if (fan === undefined) {
    const callbacks = new Set<() => void>()
    const fire = (): void => {
      fans.delete(signal)
      for (const call of [...callbacks]) call()
    }
    fan = { callbacks, fire }
    fans.set(signal, fan)
    signal.addEventListener('abort', fire, { once: true })
  }
  const { callbacks, fire } = fan
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
    if (callbacks.size > 0 || fans.get(signal)?.fire !== fire) return
    fans.delete(signal)
    signal.removeEventListener('abort', fire)
  }
}

/** The promise, or a rejection with the signal's reason as soon as it aborts. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  signal.throwIfAborted()
  let unsubscribe: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    // Whatever the reason is, it is what the caller is owed.
    unsubscribe = onAbort(signal, () => reject(signal.reason as Error))
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    unsubscribe?.()
  }
}
