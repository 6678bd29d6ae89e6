import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { convertCheckpoint } from '../../lib/model'
import { demoClips, demoGolden, speechIntegers, speechWav, tinyModel } from '../scoring/support'
import { integerData, wavFile } from '../audio/wav-files'
import { demoModel } from '../support/golden'
import {
  aasist,
  expectFailure,
  expectSuccess,
  inParallel,
  installWithoutOnnxruntime,
  scratchFolder,
  shell,
} from './support'

const tiny = ['--model', tinyModel.checkpoint]
const jsonLines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)

describe('aasist score', () => {
  const folder = scratchFolder()
  const file = (name: string, content: string | Uint8Array = speechWav()): string => {
    mkdirSync(join(folder(), name, '..'), { recursive: true })
    writeFileSync(join(folder(), name), content)
    return name
  }
  const run = (...args: readonly string[]) => aasist(['score', ...args], { cwd: folder() })

  it('--json prints one object a file, in input order, with exactly the documented members', async () => {
    const files = [file('b.wav'), 'none.wav', file('a.wav', speechWav({ seed: 2, seconds: 1.25 }))]
    const ended = await run(...files, ...tiny, '--json', '--sessions', '2', '--threshold', '0.25')
    expect(ended.status).to.equal(1)
    const [first, missing, last, ...rest] = jsonLines(ended.stdout)
    expect(rest).to.deep.equal([])
    const members = ['file', 'score', 'decision', 'threshold', 'durationSeconds', 'device', 'warnings']
    expect(Object.keys(first!)).to.deep.equal(members)
    expect(first).to.deep.include({
      file: 'b.wav',
      threshold: 0.25,
      durationSeconds: 2,
      device: { kind: 'cpu', threads: 2 },
      warnings: [],
    })
    expect(first!['decision']).to.equal((first!['score'] as number) >= 0.25 ? 'bonafide' : 'spoof')
    expect(Object.keys(missing!)).to.deep.equal(['file', 'error'])
    expect(Object.keys(missing!['error'] as object)).to.deep.equal(['code', 'message'])
    expect(missing).to.have.nested.property('error.code', 'AUDIO_NOT_FOUND')
    expect(last).to.include({ file: 'a.wav', durationSeconds: 1.25 })
    expect(ended.stderr).to.equal('1 of 3 files could not be scored\n')
  })

  it('--json has null where there is no threshold, and warnings as code and sentence', async () => {
    const telephone = wavFile({ data: integerData([speechIntegers()], 2), sampleRateHz: 8000 })
    const ended = await run(file('call.wav', telephone), ...tiny, '--json')
    expectSuccess(ended)
    const [result] = jsonLines(ended.stdout)
    expect(result).to.include({ decision: null, threshold: null })
    const [warning] = result!['warnings'] as Record<string, string>[]
    expect(Object.keys(warning!)).to.deep.equal(['code', 'message'])
    expect(warning).to.include({ code: 'AUDIO_NARROW_BAND' })
    expect(ended.stderr).to.equal('')
  })

  it('prints a line a file: score, decision, length and name on stdout, everything else on stderr', async () => {
    const good = file('speech.wav')
    const ended = await run(good, 'none.wav', file('short.wav', speechWav({ seconds: 0.5 })), ...tiny)
    expect(ended.status).to.equal(1)
    const [first, second, ...rest] = ended.stdout.trimEnd().split('\n')
    expect(first).to.match(/^ *-?\d+\.\d{4} {2}- +2\.00 s {2}speech\.wav$/)
    expect(second).to.match(/ 0\.50 s {2}short\.wav$/)
    expect(rest).to.deep.equal([])
    expect(ended.stderr).to.match(/^there is no file none\.wav \[AUDIO_NOT_FOUND\]$/m)
    expect(ended.stderr).to.match(/^short\.wav: .* \[AUDIO_SHORT\]$/m)
    expect(ended.stderr).to.match(/^note: no decisions without a threshold.*--threshold$/m)
    expect(ended.stderr).to.match(/^1 of 3 files could not be scored$/m)
  })

  it('with the demo weights says once what they are, and scores as PyTorch does', async () => {
    const [first, second] = [0, 28].map(index => demoClips[index]!)
    const ended = await run(first!, second!)
    expectSuccess(ended)
    expect(ended.stderr.match(/demo weights/g)).to.have.length(1)
    expect(ended.stderr).to.match(/bona fide from 1\.107 up \(ASVspoof 2019 LA dev/)
    const lines = ended.stdout.trimEnd().split('\n')
    for (const [row, index] of [0, 28].entries()) {
      const [score, decision] = lines[row]!.trim().split(/ +/)
      expect(Number(score)).to.be.closeTo(demoGolden[index]!.logits[1], 2e-4)
      expect(decision).to.equal(demoGolden[index]!.key)
    }
  })

  describe('on a folder', () => {
    it('takes what lies below it in the order of the names, links to files too, and counts the rest', async () => {
      file('calls/b.wav')
      file('calls/a/z.WAV')
      file('calls/a/deep/er/c.wav')
      file('calls/README.md', 'notes')
      file('calls/a/.DS_Store', 'x')
      file('elsewhere.wav')
      symlinkSync('../elsewhere.wav', join(folder(), 'calls', 'link.wav'))
      symlinkSync('..', join(folder(), 'calls', 'a', 'up'))
      const ended = await run('calls', ...tiny, '--json')
      expectSuccess(ended)
      expect(jsonLines(ended.stdout).map(result => result['file'])).to.deep.equal(
        ['a/deep/er/c.wav', 'a/z.WAV', 'b.wav', 'link.wav'].map(name => join('calls', name)),
      )
      expect(ended.stderr).to.equal('left out 2 files without an audio ending\n')
    })

    it('fails by name for audio it does not read and for links to nowhere: nothing is left out in silence', async () => {
      file('calls/a.wav')
      file('calls/b.mp3', 'ID3 and so on')
      file('calls/c.opus', 'OggS')
      symlinkSync('gone.flac', join(folder(), 'calls', 'd.flac'))
      const ended = await run('calls', ...tiny, '--json')
      expect(ended.status).to.equal(1)
      const codes = jsonLines(ended.stdout).map(({ file, error }) => [
        file,
        (error as { code: string } | undefined)?.code,
      ])
      expect(codes[0]).to.deep.equal(['calls/a.wav', undefined])
      expect(codes.slice(1).map(([file]) => file)).to.deep.equal([
        'calls/b.mp3',
        'calls/c.opus',
        'calls/d.flac',
      ])
      for (const [, code] of codes.slice(1)) expect(code).to.match(/^AUDIO_/)
      expect(ended.stderr).to.equal('3 of 4 files could not be scored\n')
    })

    it('without audio fails in its place, and the others go on', async () => {
      file('texts/a.txt', 'a')
      mkdirSync(join(folder(), 'empty'))
      file('a.wav')
      const ended = await run('texts', 'a.wav', 'empty', ...tiny, '--json')
      expect(ended.status).to.equal(1)
      const results = jsonLines(ended.stdout).map(({ file: name, error }) => [
        name,
        (error as { code: string } | undefined)?.code,
      ])
      expect(results).to.deep.equal([
        ['texts', 'AUDIO_UNREADABLE'],
        ['a.wav', undefined],
        ['empty', 'AUDIO_UNREADABLE'],
      ])
    })
  })

  it('takes any file name, and shows control characters as escapes where lines matter', async () => {
    const names = [
      'with space.wav',
      'ünï cødé 語.wav',
      'new\nline.wav',
      'esc\u001b[31m.wav',
      '-dash.wav',
      "quo'te.wav",
    ]
    for (const name of names) file(name)
    const [json, plain, failed] = await Promise.all([
      run(...tiny, '--json', '--', ...names),
      run(...tiny, '--', ...names),
      run(...tiny, 'no\u001b[2Jthing.wav'),
    ])
    expectSuccess(json)
    expect(jsonLines(json.stdout).map(result => result['file'])).to.deep.equal(names)
    expectSuccess(plain)
    expect(
      plain.stdout
        .trimEnd()
        .split('\n')
        .map(line => line.split(' s  ')[1]),
    ).to.deep.equal(names.map(name => name.replace('\n', '\\n').replace('\u001b', '\\u001b')))
    expect(failed.stderr).to.include('no\\u001b[2Jthing.wav').and.not.include('\u001b')
  })

  it('refuses other rates and several channels when told to', async () => {
    const samples = speechIntegers()
    file('telephone.wav', wavFile({ data: integerData([samples], 2), sampleRateHz: 8000 }))
    file('stereo.wav', wavFile({ data: integerData([samples, samples], 2), channelCount: 2 }))
    const files = ['telephone.wav', 'stereo.wav']
    const [taken, ended] = await Promise.all([
      run(...files, ...tiny),
      run(...files, ...tiny, '--resample', 'refuse', '--channels', 'refuse'),
    ])
    expectSuccess(taken)
    expectFailure(ended, 1, 'AUDIO_UNSUPPORTED')
    expect(ended.stdout).to.equal('')
    expect(ended.stderr)
      .to.match(/8000 Hz/)
      .and.match(/2 channels/)
      .and.match(/2 of 2 files/)
  })

  it('says a warning that many files share once, with one of them and their number', async () => {
    const files = ['a.wav', 'b.wav', 'c.wav'].map((name, seed) =>
      file(name, speechWav({ seconds: 0.5, seed })),
    )
    const ended = await run(...files, ...tiny)
    expectSuccess(ended)
    expect(ended.stderr.match(/AUDIO_SHORT/g)).to.have.length(1)
    expect(ended.stderr).to.match(
      /^a\.wav: .* \[AUDIO_SHORT\], and 2 more files with that warning: --json says which$/m,
    )
    const json = await run(...files, ...tiny, '--json')
    expect(json.stdout.match(/AUDIO_SHORT/g)).to.have.length(3)
  })

  it('--timeout bounds each run of the model: a clip past it fails by name with RUN_TIMEOUT', async () => {
    file('a.wav')
    const [tooShort, enough] = await Promise.all([
      run('a.wav', '--timeout', '0.005'),
      run('a.wav', 'a.wav', 'a.wav', '--timeout', '30', '--sessions', '1'),
    ])
    expectFailure(tooShort, 1, 'RUN_TIMEOUT')
    expect(tooShort.stdout).to.equal('')
    expect(tooShort.stderr).to.match(/^a\.wav: the model took longer than 5 ms for one run/m)
    expectSuccess(enough)
    expect(enough.stdout.trimEnd().split('\n')).to.have.length(3)
  })

  it('says how an offline model for an NPU is made, with the names of the files: INVALID_ARGUMENT', async () => {
    const devices = ['npu', '0', '0,1']
    const clip = file('a.wav')
    copyFileSync(tinyModel.checkpoint, join(folder(), 'my model.pth'))
    copyFileSync(tinyModel.config, join(folder(), 'other.conf'))
    const mine = ['--model', 'my model.pth', '--config', 'other.conf']
    await inParallel(devices, 2, async device => {
      const ended = await run(clip, ...mine, '--device', device)
      expectFailure(ended, 2, 'INVALID_ARGUMENT')
      expect(ended.stdout).to.equal('')
      expect(ended.stderr).to.match(/offline models.*my model\.pth is a checkpoint/)
      expect(ended.stderr).to.include(
        "\n  aasist convert --checkpoint 'my model.pth' --config other.conf --out 'my model.onnx'" +
          "\n  atc --model='my model.onnx' --framework=5 --soc_version=Ascend310P3 --output='my model'" +
          "\nand name 'my model.om' as the model",
      )
    })
    file(
      'plain.onnx',
      convertCheckpoint(readFileSync(tinyModel.checkpoint), readFileSync(tinyModel.config, 'utf8')),
    )
    const ended = await run(clip, '--model', 'plain.onnx', '--device', 'npu')
    expectFailure(ended, 2, 'INVALID_ARGUMENT')
    expect(ended.stderr).to.match(
      /plain\.onnx is an ONNX model.*\n {2}atc --model=plain\.onnx .*--output=plain\n/,
    )
    expect(ended.stderr).to.not.include('aasist convert')
  })

  it('says what is missing for CPUs, with the command that mends it: CPU_BACKEND_MISSING', async () => {
    const without = installWithoutOnnxruntime(join(folder(), 'app'))
    const ended = await aasist(['score', file('a.wav')], { program: without, cwd: folder() })
    expectFailure(ended, 1, 'CPU_BACKEND_MISSING')
    expect(ended.stderr).to.include('npm install onnxruntime-node')
    expect(ended.stdout).to.equal('')
  })

  describe('when its output', () => {
    it('is closed by a reader that has seen enough, ends without a word', async () => {
      const many = demoClips.map(clip => `'${clip}'`).join(' ')
      const line = `set -o pipefail; $AASIST score ${many} --model '${demoModel.checkpoint}' --json | head -1`
      const ended = await shell(line, { cwd: folder() })
      expectSuccess(ended)
      expect(jsonLines(ended.stdout)).to.have.length(1)
      expect(ended.stderr).to.equal('')
    })

    it('and its messages go to one closed pipe, ends without a word too', async () => {
      for (const name of ['a.wav', 'b.wav']) file(name)
      const line = `$AASIST score a.wav b.wav ${tiny.join(' ')} 2>&1 | true; echo "\${PIPESTATUS[0]}"`
      expect(await shell(line, { cwd: folder() })).to.include({ stdout: '0\n', stderr: '' })
    })

    it('goes to a full disk, fails with OUTPUT_UNWRITABLE and no stack trace', async () => {
      file('a.wav')
      const ended = await shell(`$AASIST score a.wav a.wav ${tiny.join(' ')} >/dev/full`, { cwd: folder() })
      expectFailure(ended, 1, 'OUTPUT_UNWRITABLE')
      expect(ended.stderr).to.match(/cannot write the results/)
      expect(ended.stderr.match(/OUTPUT_UNWRITABLE/g)).to.have.length(1)
    })
  })
})
