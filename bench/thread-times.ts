/** Processor time of this process by what its threads do, from /proc: Linux only, as the simulator is. */
import { readFileSync, readdirSync } from 'node:fs'
import { cpus } from 'node:os'

export interface ThreadTimes {
  /** The thread of the event loop. */
  readonly loopMs: number
  /** Between the caller's memory and the device's. */
  readonly copyMs: number
  /** Threads that wait for a device; the simulator's, which play devices, bear the name of those that made them. */
  readonly deviceMs: number
  /** Decoding, garbage collection, Node's own. */
  readonly otherMs: number
}

/** Of the threads there are; those that end meanwhile are left out. */
export function threadTimes(): ThreadTimes {
  const times = { loopMs: 0, copyMs: 0, deviceMs: 0, otherMs: 0 }
  for (const id of readdirSync('/proc/self/task')) {
    const thread = readThread(`/proc/self/task/${id}`)
    if (thread === undefined) continue
    const { name, ms } = thread
    if (id === String(process.pid)) times.loopMs += ms
    else if (name === 'acl-copy') times.copyMs += ms
    else if (name === 'acl-device') times.deviceMs += ms
    else times.otherMs += ms
  }
  return times
}

function readThread(folder: string): { name: string; ms: number } | undefined {
  try {
    const name = readFileSync(`${folder}/comm`, 'utf8').trim()
    const [nanoseconds] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ')
    return { name, ms: Number(nanoseconds) / 1e6 }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // The first where the thread's folder is gone, the second where the thread ends while it is read.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

/** What was spent between two looks, for each of so many clips. */
export function timesPerClip(before: ThreadTimes, after: ThreadTimes, clips: number): ThreadTimes {
  return {
    loopMs: (after.loopMs - before.loopMs) / clips,
    copyMs: (after.copyMs - before.copyMs) / clips,
    deviceMs: (after.deviceMs - before.deviceMs) / clips,
    otherMs: (after.otherMs - before.otherMs) / clips,
  }
}

/** Processor time of the whole machine since it started, in steps of 10 ms. */
export function machineMs(): number {
  return cpus()
    .map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq)
    .reduce((sum, ms) => sum + ms, 0)
}
