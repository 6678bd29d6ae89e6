import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { readProtocol } from '../../lib/dataset'
import { readInputFile, type UnreadableFile } from '../../lib/scoring/input-file'
import { prepare } from '../../lib/scoring/preparation'
import { sharedDetector, speechWav, tinyOptions } from '../scoring/support'
import { failureOf, type Failure } from '../support/failure'
import { scratchFolder } from '../support/scratch-folder'

/** Lets `change` happen again and again until `reading` is over. */
async function whileReading<T>(reading: Promise<T>, change: () => void): Promise<T> {
  const state = { isOver: false }
  const settled = reading.finally(() => (state.isOver = true))
  settled.catch(() => undefined)
  while (!state.isOver) {
    change()
    await nextTurn()
  }
  return settled
}

describe('a file that is written to while it is read', () => {
  const folder = scratchFolder()
  const detector = sharedDetector(tinyOptions)
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder(), name)
    writeFileSync(path, content)
    return path
  }
  const refusal = (reading: Promise<unknown>, change: () => void): Promise<Failure> =>
    failureOf(whileReading(reading, change))

  it('and grows is refused as audio with AUDIO_UNREADABLE', async () => {
    const path = file('growing.wav', speechWav())
    // In this thread, so that each step of reading leaves a turn to the writer.
    const reading = prepare({
      kind: 'clip',
      source: { kind: 'path', path },
      options: { windowSamples: 24_000 },
    })
    const error = await refusal(reading, () => appendFileSync(path, 'more'))
    expect(error.code).to.equal('AUDIO_UNREADABLE')
    expect(error.message).to.match(/was written to while it was read; try again/)
  })

  it('and scores like any other when its writer is done', async () => {
    const path = file('grown.wav', speechWav().subarray(0, 20_000))
    expect((await failureOf(detector().score(path))).code).to.equal('AUDIO_TRUNCATED')
    writeFileSync(path, speechWav())
    const [whole, bytes] = [await detector().score(path), await detector().score(speechWav())]
    expect(whole.score).to.equal(bytes.score)
  })

  it('and keeps its size is refused by the time of its change', async () => {
    const bytes = new Uint8Array(64 << 20)
    const path = file('rewritten', bytes)
    const error = await refusal(readInputFile(path, bytes.length), () =>
      writeFileSync(path, 'x', { flag: 'r+' }),
    )
    expect((error as unknown as UnreadableFile).problem).to.equal('changing')
  })

  it('is refused as a protocol with PROTOCOL_INVALID, instead of being taken for the whole list', async () => {
    const line = (number: number): string => `LA_0001 LA_E_${String(number).padStart(7, '0')} - - bonafide\n`
    const path = file('protocol.txt', Array.from({ length: 2000 }, (_, number) => line(number)).join(''))
    expect((await readProtocol(path)).trials).to.have.length(2000)
    let count = 2000
    const error = await refusal(readProtocol(path), () => appendFileSync(path, line((count += 1))))
    expect(error.code).to.equal('PROTOCOL_INVALID')
    expect(error.message).to.match(/was written to while it was read/)
  })

  it('is read as it was, or as it is, when another takes its name', async () => {
    const [before, after] = [new Uint8Array(16 << 20).fill(1), new Uint8Array(1 << 20).fill(2)]
    const path = file('replaced', before)
    const reading = readInputFile(path, before.length)
    await nextTurn()
    renameSync(file('other', after), path)
    const found = await reading
    expect([before, after].some(whole => found.equals(whole))).to.equal(true)
  })
})
