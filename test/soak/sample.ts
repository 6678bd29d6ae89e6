/** What a process holds at a moment, as the kernel and V8 tell it. */
import { readFileSync, readdirSync } from 'node:fs'

export interface Sample {
  /** Since the load began. */
  readonly atSeconds: number
  readonly rssBytes: number
  readonly heapBytes: number
  /** Memory outside V8's heap that it knows of, array buffers included. */
  readonly externalBytes: number
  readonly fds: number
  readonly threads: number
  /** Alive. */
  readonly children: number
  /** Children that have ended and that nobody has collected. */
  readonly zombies: number
  /** `resting`: every lane stood between two rounds and held nothing. */
  readonly state: 'resting' | 'running'
}

/** Of every thread, since each may have started some; by their state, of which Z is a zombie. */
function childStates(): string[] {
  return readdirSync('/proc/self/task').flatMap(thread => {
    try {
      const children = readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean)
      return children.map(pid => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '')
    } catch {
      // The thread or the child has ended since.
      return []
    }
  })
}

/** `collect` runs V8's collector, so that what is left is what somebody still holds. */
export function sample(beganAtMs: number, collect: () => void, state: Sample['state']): Sample {
  collect()
  const children = childStates()
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    atSeconds: Math.round((performance.now() - beganAtMs) / 100) / 10,
    rssBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
    fds: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    children: children.filter(state => state !== 'Z').length,
    zombies: children.filter(state => state === 'Z').length,
    state,
  }
}
