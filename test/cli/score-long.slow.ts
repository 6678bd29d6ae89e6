import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { integerSignal } from '../audio/signals'
import { integerData, wavFile } from '../audio/wav-files'
import { tinyModel } from '../scoring/support'
import {
  aasist,
  expectFailure,
  expectSuccess,
  quoted,
  scratchFolder,
  shell,
  startAasist,
  until,
} from './support'

const tiny = ['--model', tinyModel.checkpoint, '--device', 'cpu', '--sessions', '1', '--threshold', '0']
/** Speech, silence, speech: 10 s in all. */
const loud = (seed: number): number[] => integerSignal('speech-like', 48_000, 16, seed)
const speech = [...loud(1), ...Array<number>(64_000).fill(0), ...loud(2)]

interface Line {
  readonly file: string
  readonly startSeconds?: number
  readonly channel?: number | null
  readonly score?: number | null
  readonly silent?: boolean
  readonly segments?: readonly { readonly decision: string | null; readonly windows: number }[]
  readonly error?: { readonly code: string }
}

const jsonLines = (stdout: string): Line[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)

describe('aasist score --long', function () {
  this.timeout(30_000)
  const folder = scratchFolder()
  const file = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder(), name), bytes)
    return name
  }
  const wav = (channels: readonly (readonly number[])[] = [speech]): Buffer =>
    wavFile({ data: integerData(channels, 2) })
  const run = (args: readonly string[]) => aasist(['score', '--long', ...tiny, ...args], { cwd: folder() })

  it('prints the stretches of a recording that are alike', async () => {
    const ended = await run([file('call.wav', wav())])
    expectSuccess(ended)
    const [name, ...segments] = ended.stdout.trimEnd().split('\n')
    expect(name).to.equal('call.wav')
    expect(segments[0]).to.match(/^ {2}0:00:00\.0 - 0:00:0\d\.\d {2}(bonafide|spoof) .* windows?$/)
    expect(segments.filter(line => line.includes('silence'))).to.have.length(1)
    for (const line of segments) expect(line.length).to.be.below(81)
  })

  it('--json prints every window, and the segments behind them', async () => {
    const ended = await run([file('call.wav', wav()), 'none.wav', '--json', '--hop', '0.6'])
    expect(ended.status).to.equal(1)
    const lines = jsonLines(ended.stdout)
    const windows = lines.filter(line => line.startSeconds !== undefined)
    expect(windows.length).to.be.above(10)
    for (const { score, silent } of windows) expect(score === null).to.equal(silent)
    const { segments } = lines.find(line => line.segments !== undefined)!
    expect(segments!.reduce((sum, segment) => sum + segment.windows, 0)).to.equal(windows.length)
    expect(lines.at(-1)).to.deep.include({ file: 'none.wav' })
    expect(lines.at(-1)!.error!.code).to.equal('AUDIO_NOT_FOUND')
  })

  it('--csv prints a table of windows, and what cannot be read on stderr', async () => {
    const stereo = wavFile({
      channelCount: 2,
      data: integerData([speech, loud(3).concat(loud(4), loud(5), loud(6)).slice(0, speech.length)], 2),
    })
    const ended = await run([file('a, "b".wav', stereo), 'none.wav', '--csv', '--each-channel'])
    expect(ended.status).to.equal(1)
    const [header, ...rows] = ended.stdout.trimEnd().split('\n')
    expect(header).to.equal('file,channel,start_seconds,end_seconds,score,decision,spoof_probability')
    expect(new Set(rows.map(row => row.split(',').slice(0, 3).join()))).to.deep.equal(
      new Set(['"a, ""b"".wav",0', '"a, ""b"".wav",1']),
    )
    expect(ended.stderr).to.match(/AUDIO_NOT_FOUND/)
  })

  it('takes samples without a header, and whole files, from standard input', async () => {
    const expected = jsonLines((await run([file('call.wav', wav()), '--json'])).stdout)
    const scores = (lines: readonly Line[]): (number | null | undefined)[] => lines.map(({ score }) => score)
    for (const [input, flags] of [
      [integerData([speech], 2), ['--raw', 's16le']],
      [wav(), []],
    ] as const) {
      const all = ['score', '--long', ...tiny, '-', '--json', ...flags].map(quoted).join(' ')
      const ended = await shell(`cat ${file('input', input)} | $AASIST ${all}`, { cwd: folder() })
      expectSuccess(ended)
      expect(scores(jsonLines(ended.stdout))).to.deep.equal(scores(expected))
    }
  })

  it('--timeline draws the scores over time, every recording by itself, in a file that fetches nothing', async () => {
    const names = [file('a.wav', wav()), file('<b>.wav', wav())]
    const ended = await run([...names, '--timeline', 'out.html', '--json'])
    expectSuccess(ended)
    const page = readFileSync(join(folder(), 'out.html'), 'utf8')
    expect(page).to.not.match(/<script|<link|<img|https?:|<b>|NaN|undefined|Infinity/)
    expect(page.match(/role="img"/g)).to.have.length(2)
    const scores = jsonLines(ended.stdout).flatMap(({ file: name, score }) =>
      name === 'a.wav' && typeof score === 'number' ? [score] : [],
    )
    const range = `${scores.length} windows from ${Math.min(...scores).toFixed(4)} to ${Math.max(...scores).toFixed(4)}`
    expect(page).to.include(range)
    // Silence in between interrupts the line.
    expect(/class="curve line" d="([^"]+)"/.exec(page)![1]!.match(/M/g)).to.have.length(2)
    for (const read of [names[0]!, tinyModel.checkpoint]) {
      expectFailure(await run([names[0]!, '--timeline', read]), 2, 'INVALID_ARGUMENT')
    }
  })

  it('--timeline that cannot be written is refused before anything is scored', async () => {
    const name = file('a.wav', wav())
    for (const out of ['nowhere/out.html', '.']) {
      const ended = await run([name, '--timeline', out])
      expectFailure(ended, 1, 'OUTPUT_UNWRITABLE')
      expect(ended.stdout).to.equal('')
    }
  })

  it('--timeline has what was scored when it is interrupted', async () => {
    const name = file('long.wav', wav([Array.from({ length: 60 }, () => speech).flat()]))
    const args = ['score', '--long', ...tiny, name, '--csv', '--timeline', 'cut.html']
    const running = startAasist(args, { cwd: folder() })
    await until(() => running.stdout.split('\n').length > 20, 'the first windows')
    running.kill('SIGINT')
    const ended = await running.ended
    expect(ended.status, ended.stderr).to.equal(130)
    expect(ended.stderr).to.match(/wrote cut\.html/)
    expect(readFileSync(join(folder(), 'cut.html'), 'utf8')).to.match(/\d+ windows from/)
  })

  it('tells what it scored of a recording before it was damaged', async () => {
    const cut = wav().subarray(0, 200_000)
    const ended = await run([file('cut.wav', cut), '--hop', '0.3'])
    expectFailure(ended, 1, 'AUDIO_TRUNCATED')
    expect(ended.stdout).to.match(/cut\.wav\n {2}0:00:00\.0/)
  })

  it('scores silence too when it is told to', async () => {
    const ended = await run([file('call.wav', wav()), '--json', '--silence', 'off'])
    expect(jsonLines(ended.stdout).filter(line => line.silent === true)).to.deep.equal([])
  })

  it('refuses flags that would do nothing', async () => {
    const name = file('call.wav', wav())
    expectFailure(await aasist(['score', name, '--hop', '1'], { cwd: folder() }), 2, 'INVALID_ARGUMENT')
    expectFailure(await run([name, '--rate', '8000']), 2, 'INVALID_ARGUMENT')
    expect((await run([name, '--csv', '--json'])).status).to.equal(2)
  })
})
