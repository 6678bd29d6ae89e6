/** Programs in the docs that are no files of their own: the README's run, all of them name what there is. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import ts from 'typescript'
import { expectSuccess, Running } from '../cli/support'
import { thinnedCorpus } from '../cli/npu-guide'
import { root, requireTool } from '../support/environment'
import { demoModel } from '../support/golden'
import { scratchFolder } from '../support/scratch-folder'
import { blocksOf } from './page'
import { follow, installPackage } from './reader'

/** A name that there is not: what JavaScript is held to. Types of literals it does not write down. */
const unknownNames = new Set([2304, 2305, 2307, 2339, 2353, 2551, 2561, 2724])

/** docs/observability.md is run by test/examples/observability.test.ts. */
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map(name => join('docs', name))].filter(
  name => name.endsWith('.md') && !name.endsWith('observability.md'),
)

/** What a sentence before the block speaks of. */
const spokenOf = `
  declare const detector: import('aasist-ascend').Detector
  declare const server: import('node:http').Server
  declare const microphone: import('node:stream').Readable
  declare const bonafideScores: number[], spoofScores: number[]
`

function programsOf(page: string): { name: string; text: string }[] {
  return blocksOf(page)
    .filter(({ language }) => ['js', 'ts'].includes(language))
    .map(({ language, text, line }) => {
      const isModule = /^(import|const .* = await) /m.test(text)
      const name = `${page.replaceAll(/\W/g, '-')}-${line}.${isModule ? 'm' : 'c'}${language}`
      return { name, text }
    })
}

describe('programs in the docs', () => {
  const folder = scratchFolder()

  it('have the types of what they use', function () {
    this.timeout(120_000)
    installPackage(folder())
    for (const name of ['@types', 'typescript', 'onnxruntime-node', 'prom-client', '@opentelemetry'])
      symlinkSync(join(root, 'node_modules', name), join(folder(), 'node_modules', name))
    const programs = pages.flatMap(programsOf)
    expect(programs).to.have.length.above(8)
    writeFileSync(join(folder(), 'spoken-of.d.ts'), spokenOf)
    for (const { name, text } of programs) writeFileSync(join(folder(), name.replaceAll('/', '-')), text)
    const files = readdirSync(folder(), { withFileTypes: true })
      .filter(each => each.isFile())
      .map(({ name }) => join(folder(), name))
    const checked = ts.createProgram(files, {
      allowJs: true,
      checkJs: true,
      strict: true,
      noImplicitAny: false,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
      types: ['node'],
      typeRoots: [join(folder(), 'node_modules', '@types')],
    })
    const faults = ts
      .getPreEmitDiagnostics(checked)
      .filter(({ file, code }) => file?.fileName.endsWith('.mts') === true || unknownNames.has(code))
      .map(({ file, start, messageText }) => {
        const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1
        return `${file?.fileName ?? ''}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
      })
    expect(faults).to.deep.equal([])
  })

  it('of the README run as they stand, and so do its commands', async function () {
    this.timeout(240_000)
    requireTool(this, 'ffmpeg')
    installPackage(folder())
    const given = (name: string): string => join(folder(), name)
    symlinkSync(demoModel.checkpoint, given('AASIST-L.pth'))
    symlinkSync(demoModel.config, given('AASIST-L.conf'))
    thinnedCorpus(demoModel.corpus, given('LA'), 8)
    const clips = join(demoModel.corpus, 'ASVspoof2019_LA_eval', 'flac')
    const [first, second, third] = readdirSync(clips).map(name => join(clips, name))
    copyFileSync(first!, given('b.flac'))
    for (const [clip, name] of [
      [second!, 'a.wav'],
      [third!, 'call.wav'],
      [first!, 'meeting.mp3'],
    ] as const)
      execFileSync('ffmpeg', ['-v', 'error', '-i', clip, given(name)])
    mkdirSync(given('recordings'))
    copyFileSync(given('a.wav'), join(given('recordings'), 'one.wav'))
    writeFileSync(given('protocol.txt'), 'P S - - bonafide\nP T - A spoof\n')
    writeFileSync(given('scores.txt'), 'S 2\nT -1\n')
    const [program, ...others] = blocksOf('README.md').filter(({ language }) => language === 'ts')
    expect(others).to.deep.equal([])
    writeFileSync(given('program.mjs'), program!.text)
    const ended = await new Running(process.execPath, ['program.mjs'], { cwd: folder(), timeoutSeconds: 120 })
      .ended
    expectSuccess(ended)
    expect(ended.stdout).to.match(/^a\.wav -?\d.*\nb\.flac -?\d.*\n[\d.]+ \S+\n$/)
    const commands = blocksOf('README.md').filter(({ text }) => text.includes('aasist score call.wav'))
    expect(commands).to.have.length(1)
    await follow(
      'README.md',
      {
        files: [],
        steps: commands.map(({ text, line }) => ({
          script: text.replace('--out results', '--out again'),
          line,
          seen: [],
        })),
      },
      folder(),
      200,
    )
  })
})
