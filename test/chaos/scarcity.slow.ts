import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { aasist, expectSuccess, quoted, Running, scratchFolder, shell } from '../cli/support'
import { wavFile } from '../audio/wav-files'
import { speechWav, tinyModel } from '../scoring/support'
import { root } from '../support/environment'

/** Silence that takes no room on disk. */
function writeLargeWav(path: string, dataBytes: number): void {
  const header = wavFile({ data: Buffer.alloc(2) }).subarray(0, 44)
  header.writeUInt32LE(36 + dataBytes, 4)
  header.writeUInt32LE(dataBytes, 40)
  writeFileSync(path, header)
  truncateSync(path, header.length + dataBytes)
}

interface Told {
  readonly before: readonly number[]
  readonly during: readonly (number | readonly [code: string, systemCode: string | null])[]
  readonly fromMemory?: number
  readonly after: readonly number[]
}

describe('a process that runs short', () => {
  const folder = scratchFolder()
  const clips = (): string[] =>
    [1, 2, 3].map(seed => {
      const path = join(folder(), `${seed}.wav`)
      writeFileSync(path, speechWav({ seed }))
      return path
    })

  async function tell(story: 'descriptors' | 'memory', largeFile = ''): Promise<Told> {
    const script = join(root, 'test', 'chaos', 'stories.cjs')
    const args = [script, story, join(root, 'dist', 'index.js'), tinyModel.checkpoint, largeFile, ...clips()]
    const command = [process.execPath, ...args].map(quoted).join(' ')
    const ended = await new Running('bash', ['-c', `ulimit -n 256; exec ${command}`]).ended
    expectSuccess(ended)
    return JSON.parse(ended.stdout) as Told
  }

  it('of open files fails each clip it cannot read with its reason, and scores them all when it has some again', async () => {
    const { before, during, fromMemory, after } = await tell('descriptors')
    expect(during).to.deep.equal(before.map(() => ['AUDIO_UNREADABLE', 'EMFILE']))
    expect(fromMemory).to.be.a('number')
    expect(after).to.deep.equal(before)
  })

  it('of memory fails what is too large for the rest with PREPARATION_FAILED, and scores the others', async () => {
    const largeFile = join(folder(), 'large.wav')
    writeLargeWav(largeFile, 400_000_000)
    const { before, during, after } = await tell('memory', largeFile)
    expect(during).to.deep.equal([before[0], ['PREPARATION_FAILED', null], before[1]])
    expect(after).to.deep.equal(before)
  })

  it('of open files from the start says what to do, and scores with a few', async () => {
    const command = `$AASIST score --model ${quoted(tinyModel.checkpoint)} ${clips().map(quoted).join(' ')}`
    // Too few for the thread that converts the model, for a session's, for the one that decodes: which, the machine decides.
    for (const limit of [21, 25, 29]) {
      const { status, stdout, stderr } = await shell(`ulimit -n ${limit}; ${command}`)
      expect([status, stdout], stderr).to.deep.equal([1, ''])
      expect(stderr, String(limit)).to.match(
        /raise the limit \(ulimit -n\).* \[(SESSION_FAULTED|PREPARATION_FAILED)\]/,
      )
    }
    const few = await shell(`ulimit -n 48; ${command}`)
    expectSuccess(few)
    expect(few.stdout).to.equal((await aasist(['score', '--model', tinyModel.checkpoint, ...clips()])).stdout)
    expect(few.stdout.trimEnd().split('\n')).to.have.length(3)
  })
})
