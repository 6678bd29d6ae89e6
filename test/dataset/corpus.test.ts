import { mkdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect } from 'chai'
import { audioPath, findAsvScores, openCorpus, type Corpus } from '../../lib/dataset'
import { errorCode } from '../../lib/errors'
import { referenceData, root } from '../support/environment'
import { scratchFolder } from '../support/scratch-folder'
import { writeFolder } from './folders'

const officialName = 'ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt'
const guideName = 'ASVspoof2019_LA_cm_protocols/LA.cm.eval.trl.txt'
const protocol = 'S1 u3 - - bonafide\nS2 u1 - A07 spoof\nS2 u2 - A08 spoof\n'
const clips = {
  'ASVspoof2019_LA_eval/flac/u1.flac': '',
  'ASVspoof2019_LA_eval/flac/u3.flac': '',
  'ASVspoof2019_LA_eval/flac/other.flac': '',
}

async function refusalOf(opening: Promise<unknown>): Promise<{ code: string | undefined; message: string }> {
  const error: unknown = await opening.catch((reason: unknown) => reason)
  return { code: errorCode(error), message: String(error) }
}

const fileNames = (corpus: Corpus): (string | undefined)[] =>
  corpus.trials.map((_, place) => {
    const path = audioPath(corpus, place)
    return path && relative(corpus.audioFolder, path).replaceAll('\\', '/')
  })

describe('openCorpus', () => {
  const folder = scratchFolder()

  it('gives the trials in protocol order with their files, undefined where there is none', async () => {
    writeFolder(folder(), { ...clips, [officialName]: protocol })
    const corpus = await openCorpus(folder())
    expect(corpus.trials.map(trial => trial.utterance)).to.deep.equal(['u3', 'u1', 'u2'])
    expect(fileNames(corpus)).to.deep.equal(['u3.flac', 'u1.flac', undefined])
    expect(corpus.trials[1]).to.include({ speaker: 'S2', attack: 'A07', key: 'spoof' })
    expect(corpus).to.include({
      folder: folder(),
      missingAudio: 1,
      protocolPath: join(folder(), officialName),
    })
  })

  it("takes the guide's protocol name", async () => {
    writeFolder(folder(), { ...clips, [guideName]: protocol })
    expect((await openCorpus(folder())).protocolPath).to.equal(join(folder(), guideName))
  })

  it('takes the official name when both protocols are there and equal', async () => {
    writeFolder(folder(), { ...clips, [guideName]: protocol, [officialName]: protocol })
    expect((await openCorpus(folder())).protocolPath).to.equal(join(folder(), officialName))
  })

  it('takes the folder that holds LA', async () => {
    const inLa = Object.fromEntries(
      Object.entries({ ...clips, [officialName]: protocol }).map(([path, content]) => [
        `LA/${path}`,
        content,
      ]),
    )
    writeFolder(folder(), inLa)
    const corpus = await openCorpus(folder())
    expect(corpus).to.include({ folder: join(folder(), 'LA'), missingAudio: 1 })
  })

  it('takes WAV clips where there is no FLAC one, and only clips', async () => {
    const flac = 'ASVspoof2019_LA_eval/flac'
    writeFolder(folder(), {
      [officialName]: protocol,
      [`${flac}/u1.flac`]: '',
      [`${flac}/u1.wav`]: '',
      [`${flac}/u2.mp3`]: '',
      [`${flac}/u3.wav`]: '',
    })
    expect(fileNames(await openCorpus(folder()))).to.deep.equal(['u3.wav', 'u1.flac', undefined])
  })

  it('finds a named protocol from the current folder', async () => {
    writeFolder(folder(), { ...clips, 'lists/few.txt': 'S2 u1 - A07 spoof\n' })
    const fromHere = relative(process.cwd(), join(folder(), 'lists', 'few.txt'))
    const corpus = await openCorpus(folder(), { protocol: fromHere })
    expect(corpus.trials.map(trial => trial.utterance)).to.deep.equal(['u1'])
    expect(corpus.protocolPath).to.equal(join(folder(), 'lists', 'few.txt'))
  })

  it('finds a named protocol from the data folder, and prefers it to the own one', async () => {
    writeFolder(folder(), { ...clips, [officialName]: protocol, 'lists/few.txt': 'S2 u1 - A07 spoof\n' })
    const corpus = await openCorpus(folder(), { protocol: 'lists/few.txt' })
    expect(corpus.protocolPath).to.equal(join(folder(), 'lists', 'few.txt'))
  })

  it('refuses a named protocol that is not there, and names every place it looked at', async () => {
    writeFolder(folder(), { ...clips, [officialName]: protocol })
    const { code, message } = await refusalOf(openCorpus(folder(), { protocol: 'none.txt' }))
    expect(code).to.equal('PROTOCOL_INVALID')
    expect(message).to.include(join(process.cwd(), 'none.txt')).and.to.include(join(folder(), 'none.txt'))
  })

  it('refuses a data folder that does not exist or is a file', async () => {
    writeFolder(folder(), { 'file.txt': '' })
    for (const name of ['none', 'file.txt']) {
      const { code, message } = await refusalOf(openCorpus(join(folder(), name)))
      expect(code).to.equal('DATASET_INVALID')
      expect(message).to.include(join(folder(), name))
    }
  })

  it('refuses options it does not know', async () => {
    const misspelt = { protocoll: 'a.txt' } as object
    expect((await refusalOf(openCorpus(folder(), misspelt))).code).to.equal('UNKNOWN_OPTION')
  })

  it('opens the corpus of the demo, of which every clip is there', async () => {
    const corpus = await openCorpus(join(root, 'models', 'demo'))
    expect(corpus.missingAudio).to.equal(0)
    expect(corpus.trials).to.have.length(37)
  })

  it('opens the real corpus with either protocol', async function () {
    const data = referenceData(this)
    const corpus = await openCorpus(join(data, 'LA'))
    expect(corpus.trials).to.have.length(186)
    expect(corpus.missingAudio).to.equal(0)
    const whole = await openCorpus(data, { protocol: 'ASVspoof2019.LA.cm.eval.trl.full.txt' })
    expect(whole.missingAudio).to.equal(71_237 - 186)
  })
})

describe('findAsvScores', () => {
  const folder = scratchFolder()
  const usualPlace = 'ASVspoof2019_LA_asv_scores/ASVspoof2019.LA.asv.eval.gi.trl.scores.txt'

  it("finds the organisers' file in its usual place, in the LA folder or the one above", async () => {
    writeFolder(folder(), { [`LA/${usualPlace}`]: '' })
    const expected = { path: join(folder(), 'LA', usualPlace), foundBy: 'usual place' }
    expect(await findAsvScores(join(folder(), 'LA'))).to.deep.equal(expected)
    expect(await findAsvScores(folder())).to.deep.equal(expected)
  })

  it('prefers the configured path, and does without when nothing is there', async () => {
    writeFolder(folder(), { [usualPlace]: '', 'asv/mine.txt': '' })
    expect(await findAsvScores(folder(), { configuredPath: 'asv/mine.txt' })).to.deep.equal({
      path: join(folder(), 'asv', 'mine.txt'),
      foundBy: 'configured path',
    })
    expect(await findAsvScores(folder(), { configuredPath: 'asv/none.txt' })).to.deep.equal({
      path: join(folder(), usualPlace),
      foundBy: 'usual place',
    })
  })

  it('refuses configured paths outside the data folder, whether there is a file or not', async () => {
    writeFolder(folder(), { 'outside.txt': '', [`data/LA/${usualPlace}`]: '', 'data/inside.txt': '' })
    const data = join(folder(), 'data')
    const outside = [
      '../outside.txt',
      '../none.txt',
      'LA/../../outside.txt',
      '..',
      join(folder(), 'outside.txt'),
      join(data, 'inside.txt'),
    ]
    for (const configuredPath of outside) {
      const { code, message } = await refusalOf(findAsvScores(data, { configuredPath }))
      expect(code, configuredPath).to.equal('DATASET_INVALID')
      expect(message).to.include(JSON.stringify(configuredPath))
    }
    for (const configuredPath of ['LA/../inside.txt', './inside.txt']) {
      const found = { path: join(data, 'inside.txt'), foundBy: 'configured path' }
      expect(await findAsvScores(data, { configuredPath })).to.deep.equal(found)
    }
    writeFolder(data, { '..name.txt': '' })
    expect(await findAsvScores(data, { configuredPath: '..name.txt' })).to.include({
      foundBy: 'configured path',
    })
  })

  it('answers undefined where there is none, and does not take a folder for one', async () => {
    mkdirSync(join(folder(), usualPlace), { recursive: true })
    expect(await findAsvScores(folder())).to.equal(undefined)
  })
})
