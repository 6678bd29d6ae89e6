/** What is made to fail, in which story, how. */
import { addonCalls, callsWithCode, play } from './matrix'
import type { Ended, Story } from './matrix'

/** ACL_ERROR_INTERNAL_ERROR: what AscendCL says when it says nothing. A function that returns a pointer returns NULL. */
const anyError = 500000
/** ACL_ERROR_RT_AICPU_EXCEPTION, after which a device is of no use, and ACL_ERROR_RT_MEMORY_ALLOCATION. */
export const deviceFault = 507018
export const outOfMemory = 207001

/**
 * How a call goes wrong. first, later: in the first of a story's two sessions; next: its first use in the second one;
 * broken, memory: the first use again, with codes that say what the matter is.
 */
export const kinds = ['first', 'later', 'next', 'broken', 'memory', 'hang', 'slow'] as const
export type Kind = (typeof kinds)[number]

export interface Case {
  readonly call: string
  readonly kind: Kind
  readonly story: Story
  readonly fault: string
  readonly ended: Ended
}

/** A story without a fault of ours, and how often its first session makes each call. */
export interface Undisturbed {
  readonly story: Story
  readonly ended: Ended
  readonly first: Readonly<Record<string, number>>
}

function faultOf(call: string, kind: Kind, usesInFirst: number): string {
  const later = Math.floor(usesInFirst / 2) + 1
  return {
    first: `${call}:${anyError}@1`,
    later: `${call}:${anyError}@${later}`,
    next: `${call}:${anyError}@${usesInFirst + 1}`,
    broken: `${call}:${deviceFault}@1`,
    memory: `${call}:${outOfMemory}@1`,
    hang: `${call}:hang@${later}`,
    slow: `${call}:30ms`,
  }[kind]
}

/** Three at a time: what hangs needs no processor. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index]!)
    }
  }
  await Promise.all([lane(), lane(), lane()])
  return results
}

export function playUndisturbed(stories: readonly Story[]): Promise<readonly Undisturbed[]> {
  return inParallel(stories, async story => {
    const first = story.first ?? (await play(story, { sessions: 1 })).calls
    return { story, ended: await play(story), first }
  })
}

/** Every call in every way it can go wrong, each in the first story that comes to it. */
export async function playAll(undisturbed: readonly Undisturbed[]): Promise<readonly Case[]> {
  const givesCode = callsWithCode()
  const suits: Readonly<Record<Kind, (call: string, uses: number, all: number) => boolean>> = {
    first: () => true,
    later: (_, uses) => uses > 1,
    next: (_, uses, all) => all > uses,
    broken: call => givesCode.has(call),
    memory: call => givesCode.has(call),
    hang: () => true,
    slow: () => true,
  }
  const planned = addonCalls().flatMap(call =>
    kinds.flatMap(kind => {
      const found = undisturbed.find(({ first, ended }) => {
        const uses = first[call] ?? 0
        return uses > 0 && suits[kind](call, uses, ended.calls[call] ?? 0)
      })
      if (found === undefined) return []
      const { story, first } = found
      return [{ call, kind, story, fault: faultOf(call, kind, first[call]!) }]
    }),
  )
  return inParallel(planned, async each => ({ ...each, ended: await play(each.story, each) }))
}
