/** Faults spread over a whole soak: the simulator takes them by use of a call, not by time. */
import { seededRandom } from '../../lib/metrics/resample'

interface Source {
  readonly call: string
  /** Uses from one fault to the next, about. */
  readonly every: number
  readonly actions: readonly string[]
}

const sources: readonly Source[] = [
  // Executions: a failed one, a broken device, one that hangs until its stream is aborted, a slow one.
  { call: 'task', every: 400, actions: ['207001', '507018', 'hang', '50ms'] },
  { call: 'aclrtMemcpy', every: 2000, actions: ['500000', '20ms'] },
  { call: 'aclrtMalloc', every: 250, actions: ['207001', '500000'] },
  { call: 'aclrtMallocHost', every: 400, actions: ['207001'] },
  { call: 'aclrtCreateStream', every: 60, actions: ['500000', '30ms'] },
  { call: 'aclrtCreateContext', every: 90, actions: ['500000'] },
  { call: 'aclrtSetDevice', every: 120, actions: ['507033', '500000'] },
  { call: 'aclmdlLoadFromFile', every: 80, actions: ['500000', '207001'] },
  { call: 'aclmdlUnload', every: 200, actions: ['30ms'] },
]

/** Of each call: a variable of the environment holds 128 KiB at most. */
const mostRules = 500

/** Deterministic: the same faults every time. Beyond `uses` of a call it has none. */
export function faultPlan({ tasks, seed }: { tasks: number; seed: number }): string {
  const random = seededRandom(seed)
  const rules = sources.flatMap(({ call, every, actions }) => {
    const count = Math.min(mostRules, Math.ceil(tasks / 400))
    let use = 0
    return Array.from({ length: count }, (_, index) => {
      // Between half and one and a half times as many as in the middle.
      use += Math.ceil(every * (0.5 + (random.next() >>> 0) / 2 ** 32))
      return `${call}:${actions[index % actions.length]!}@${use}`
    })
  })
  return rules.join(',')
}
