/** Listens to the channels of this package for the length of a test. */
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'

type Message = Readonly<Record<string, unknown>>

export interface Heard {
  readonly event: 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error'
  /** As it was then. */
  readonly message: Message
  /** The object itself: one a call. */
  readonly of: object
}

/** Every event of a tracing channel while `work` goes on. */
export async function heardOf(name: string, work: () => Promise<unknown>): Promise<readonly Heard[]> {
  const heard: Heard[] = []
  const on = (event: Heard['event']) => (message: object) => {
    heard.push({ event, message: { ...message }, of: message })
  }
  const subscribers = {
    start: on('start'),
    end: on('end'),
    asyncStart: on('asyncStart'),
    asyncEnd: on('asyncEnd'),
    error: on('error'),
  }
  const channel = tracingChannel(name)
  channel.subscribe(subscribers)
  try {
    await work()
  } finally {
    channel.unsubscribe(subscribers)
  }
  return heard
}

/** What was published on a plain channel while `work` went on. */
export async function published(name: string, work: () => Promise<unknown>): Promise<readonly Message[]> {
  const messages: Message[] = []
  const listener = (message: unknown): void => void messages.push(message as Message)
  subscribe(name, listener)
  try {
    await work()
  } finally {
    unsubscribe(name, listener)
  }
  return messages
}

/** Each call's events and, of a call, what its message held in the end; in the order of the calls. */
export function byCall(
  heard: readonly Heard[],
): readonly { readonly events: readonly string[]; readonly last: Message }[] {
  const calls = [...new Set(heard.map(({ of }) => of))]
  return calls.map(call => {
    const own = heard.filter(({ of }) => of === call)
    return { events: own.map(({ event }) => event), last: own.at(-1)!.message }
  })
}

export const fulfilled = ['start', 'end', 'asyncStart', 'asyncEnd']
export const rejected = ['start', 'end', 'error', 'asyncStart', 'asyncEnd']

/** No tensor, no samples and no bytes, however deep. */
export function expectNoData(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  expect(ArrayBuffer.isView(value) || value instanceof ArrayBuffer).to.equal(false)
  for (const inner of Object.values(value)) expectNoData(inner)
}
