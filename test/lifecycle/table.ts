/** Goes through the life-cycle table for some back ends, a process for each case, and says what is expected of each. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'chai'
import { until } from '../session/support'
import { endings, states } from './cases'
import type { BackEnd, Ending, State } from './cases'
import { runScript } from './child'
import type { Ended } from './child'
import { compile } from './compiled'
import type { Compiled } from './compiled'

/** What the scripts import beyond what TypeScript sees. */
export const sources = [
  'test/lifecycle/scenario',
  'test/lifecycle/stories',
  'lib/session/ort-worker',
  'lib/session/ort-child',
]

const expected: Readonly<Record<Ending, Pick<Ended, 'status' | 'signal'>>> = {
  'end of script': { status: 0, signal: null },
  'process.exit': { status: 3, signal: null },
  'uncaught exception': { status: 1, signal: null },
  'unhandled rejection': { status: 1, signal: null },
  SIGTERM: { status: null, signal: 'SIGTERM' },
  SIGINT: { status: null, signal: 'SIGINT' },
  'worker.terminate': { status: 0, signal: null },
  'worker exit': { status: 0, signal: null },
}

export interface Case {
  readonly backEnd: BackEnd
  readonly ending: Ending
  readonly state: State
}

export const isInWorker = (ending: Ending): boolean =>
  ending === 'worker.terminate' || ending === 'worker exit'

export interface Surroundings {
  /** Folder of the models. */
  readonly models: string
  readonly env?: (each: Case) => NodeJS.ProcessEnv
}

/** Every process on this machine whose command line holds `text`. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
    } catch {
      return false
    }
  })
}

/**
 * `part`: every other case of the table, or those between them, so that each half has every state, ending and back end;
 * all of them when it is not given.
 * `backEndsFor`: those to be looked at with an ending. `further`: what else is expected of a case.
 */
export function describeEndings(options: {
  readonly part?: 'half' | 'other half'
  readonly backEndsFor: (ending: Ending) => readonly BackEnd[]
  readonly surroundings: (test: Mocha.Context) => Surroundings
  readonly further?: (each: Case) => void
}): void {
  const { part, backEndsFor, surroundings, further } = options
  const wanted = part === undefined ? [0, 1] : [part === 'half' ? 0 : 1]
  const cases: readonly Case[] = endings.flatMap((ending, row) =>
    backEndsFor(ending).flatMap((backEnd, layer) =>
      states
        .filter((_, column) => wanted.includes((row + layer + column) % 2))
        .map(state => ({ backEnd, ending, state })),
    ),
  )
  let compiled: Compiled | undefined
  const ended = new Map<Case, Ended>()

  before(async function () {
    this.timeout(300_000)
    const { models, env } = surroundings(this)
    compiled = compile(sources)
    const script = compiled.script('test/lifecycle/scenario')
    const waiting = [...cases]
    const lane = async (): Promise<void> => {
      for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
        const { state, ending, backEnd } = each
        const args = [state, ending, backEnd, models]
        ended.set(each, await runScript(script, args, { ...(env && { env: env(each) }) }))
      }
    }
    await Promise.all([lane(), lane(), lane()])
  })
  after(() => compiled?.remove())

  for (const each of cases) {
    it(`${each.state}, ${each.ending}, ${each.backEnd}`, () => {
      const { status, signal, stdout, stderr, tookMs } = ended.get(each)!
      expect({ status, signal }, stderr).to.deep.equal(expected[each.ending])
      expect(stdout).to.equal('')
      if (status === 1) {
        expect(stderr).to.include('Error: boom')
        expect(stderr).not.to.match(/napi|fatal|abort|terminate|onnxruntime:|warning/i)
      } else {
        expect(stderr).to.equal('')
      }
      expect(tookMs).to.be.below(8000)
      further?.(each)
    })
  }

  it('leaves no process behind', async () => {
    await until(() => processesWith(dirname(compiled!.script('x'))).length === 0, 'the children to be gone')
  })
}
