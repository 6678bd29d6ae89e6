import { expect } from 'chai'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { planted } from '../../fuzz/planted'
import { Broken, judge, type Target } from '../../fuzz/target'
import { targets } from '../../fuzz/targets'
import { AudioError, DatasetError } from '../../lib/errors'
import { failureOf } from '../support/failure'
import { root } from '../support/environment'

interface Input {
  readonly name: string
  readonly bytes: Uint8Array
}

function inputsIn(kind: 'seeds' | 'findings', target: string): readonly Input[] {
  const folder = join(root, 'fuzz', kind, target)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .map(name => ({ name: `${kind}/${target}/${name}`, bytes: readFileSync(join(folder, name)) }))
}

/** As long as the longest line of a program's output. */
const longestRun = 1 << 14

describe('inputs of the fuzzer', function () {
  this.timeout(60_000)

  it('are there for every target, and for nothing else', () => {
    const names = targets.map(({ name }) => name)
    expect(new Set(names).size).to.equal(names.length)
    expect(readdirSync(join(root, 'fuzz', 'seeds'))).to.have.members(names)
    if (existsSync(join(root, 'fuzz', 'findings'))) {
      expect(names).to.include.members(readdirSync(join(root, 'fuzz', 'findings')))
    }
  })

  for (const target of targets) {
    const inputs = [...inputsIn('seeds', target.name), ...inputsIn('findings', target.name)]
    it(`of ${target.name} are read soundly or refused by code, each of ${inputs.length}`, async () => {
      expect(inputs).to.have.length.above(0)
      for (const { name, bytes } of inputs) {
        try {
          await judge(target, bytes)
        } catch (error) {
          throw new Error(`${name}: ${String(error)}`, { cause: error })
        }
      }
    })

    it(`of ${target.name} hold one that is read, so that more than refusals is fuzzed`, async () => {
      const refused: string[] = []
      for (const { name, bytes } of inputsIn('seeds', target.name)) {
        try {
          await target.read(bytes)
          return
        } catch (error) {
          refused.push(`${name}: ${String(error)}`)
        }
      }
      expect.fail(refused.join('\n'))
    })

    it(`of ${target.name} may be empty, or very long runs of one character`, async () => {
      await judge(target, new Uint8Array(0))
      for (const character of '\0\n\t A0-,:;|[{"E(\xff') {
        await judge(target, new Uint8Array(longestRun).fill(character.charCodeAt(0)))
      }
    })
  }
})

describe('a target of the fuzzer', () => {
  const reading = (read: Target['read']): Target => ({ ...planted, refusals: ['DATASET_INVALID'], read })
  const judged = async (read: Target['read']): Promise<void> => judge(reading(read), new Uint8Array(0))
  const endless = (): number => endless() + 1
  const tooLong = (): Uint8Array => new Uint8Array(-1)

  it('takes an input that is read, and one that is refused by one of its codes', async () => {
    await judged(() => undefined)
    await judged(() => Promise.resolve())
    await judged(() => {
      throw new DatasetError('DATASET_INVALID', 'refused')
    })
    await judged(() => Promise.reject(new DatasetError('DATASET_INVALID', 'refused')))
  })

  it('fails for a mistake of the program, at once or later', async () => {
    const mistake = new TypeError('x is not a function')
    expect(
      await failureOf(
        judged(() => {
          throw mistake
        }),
      ),
    ).to.equal(mistake)
    expect(await failureOf(judged(() => Promise.reject(mistake)))).to.equal(mistake)
  })

  it('fails for a call stack that overflows and an array that is too long', async () => {
    expect(
      await failureOf(
        judged(() => {
          endless()
        }),
      ),
    ).to.be.instanceOf(RangeError)
    expect(
      await failureOf(
        judged(() => {
          tooLong()
        }),
      ),
    ).to.be.instanceOf(RangeError)
  })

  it('fails for an error of ours with a code it does not expect', async () => {
    const other = new AudioError('AUDIO_CORRUPT', 'of another reader')
    expect(await failureOf(judged(() => Promise.reject(other)))).to.equal(other)
  })

  it('fails for a prototype that an input has changed', async () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>
    try {
      expect(await failureOf(judged(() => void (prototype['polluted'] = 1)))).to.be.instanceOf(Broken)
    } finally {
      delete prototype['polluted']
    }
  })

  it('with a bug planted in it fails for the input that reaches the bug, and for no other', async () => {
    await judge(planted, Buffer.from('PLAX'))
    expect(() => judge(planted, Buffer.from('PLAN'))).to.throw(TypeError)
  })
})
