import type { DatasetErrorCode } from '../../lib/errors'
import type { FolderContents } from './folders'

/** A data folder that must be refused as a whole, before any clip is looked at. */
export interface BadDataset {
  /** What is wrong, as the end of "refuses …". */
  readonly name: string
  /** What the data folder holds. */
  readonly files: FolderContents
  readonly code: DatasetErrorCode
  /** Part of the message: the place, and what was found. */
  readonly message: RegExp
}

const officialProtocol = 'ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt'
const guideProtocol = 'ASVspoof2019_LA_cm_protocols/LA.cm.eval.trl.txt'
const asvScores = 'ASVspoof2019_LA_asv_scores/ASVspoof2019.LA.asv.eval.gi.trl.scores.txt'

const goodLines = ['LA_0001 LA_E_0000001 - - bonafide', 'LA_0002 LA_E_0000002 - A07 spoof']
const goodProtocol = `${goodLines.join('\n')}\n`

/** Not audio: a data folder like these must be refused for what surrounds the clips. */
const clips: FolderContents = {
  'ASVspoof2019_LA_eval/flac/LA_E_0000001.flac': 'fLaC',
  'ASVspoof2019_LA_eval/flac/LA_E_0000002.flac': 'fLaC',
}

function badProtocol(name: string, protocol: string | Uint8Array, message: RegExp): BadDataset {
  return { name, files: { ...clips, [officialProtocol]: protocol }, code: 'PROTOCOL_INVALID', message }
}

/** A protocol whose third line is wrong. */
function badLine(name: string, line: string, message: RegExp): BadDataset {
  const place = new RegExp(`trl\\.txt:3: .*${message.source}`, 's')
  return badProtocol(name, `${goodProtocol}${line}\n`, place)
}

function badAsvScores(name: string, scores: string, message: RegExp): BadDataset {
  return {
    name,
    files: { ...clips, [officialProtocol]: goodProtocol, [asvScores]: scores },
    code: 'SCORES_INVALID',
    message,
  }
}

export const badDatasets: readonly BadDataset[] = [
  {
    name: 'an empty data folder',
    files: {},
    code: 'DATASET_INVALID',
    message: /no folder with the evaluation clips/,
  },
  {
    name: 'a data folder without clips folder',
    files: { [officialProtocol]: goodProtocol },
    code: 'DATASET_INVALID',
    message: /looked for .*ASVspoof2019_LA_eval/,
  },
  {
    name: 'a file where the clips folder should be',
    files: { [officialProtocol]: goodProtocol, 'ASVspoof2019_LA_eval/flac': 'fLaC' },
    code: 'DATASET_INVALID',
    message: /no folder with the evaluation clips/,
  },
  {
    name: 'a data folder without protocol',
    files: clips,
    code: 'DATASET_INVALID',
    message: /no protocol found.*cm\.eval\.trl\.txt and .*cm\.eval\.trl\.txt/s,
  },
  {
    name: 'a folder where the protocol should be',
    files: { ...clips, [`${officialProtocol}/readme.txt`]: 'not here' },
    code: 'DATASET_INVALID',
    message: /no protocol found/,
  },
  {
    name: 'two protocols that differ',
    files: { ...clips, [officialProtocol]: goodProtocol, [guideProtocol]: `${goodLines[0]!}\n` },
    code: 'DATASET_INVALID',
    message: /differ/,
  },
  badProtocol('an empty protocol', '', /holds no trial/),
  badProtocol('a protocol of blank lines', '\n  \r\n\t\n\n', /holds no trial/),
  badProtocol(
    'a protocol that is audio',
    Uint8Array.of(0x66, 0x4c, 0x61, 0x43, 0, 0, 0, 0x22),
    /:1: a NUL character/,
  ),
  badProtocol(
    'a protocol of arbitrary bytes',
    Uint8Array.from({ length: 300 }, (_, i) => 255 - i),
    /not UTF-8/,
  ),
  badProtocol('a protocol in UTF-16', Buffer.from(`\ufeff${goodProtocol}`, 'utf16le'), /UTF-16/),
  badProtocol(
    'a protocol that breaks off inside a character',
    Buffer.concat([Buffer.from(goodProtocol), Uint8Array.of(0xe7, 0x99)]),
    /not UTF-8/,
  ),
  badProtocol('a protocol that is one endless line', 'LA_0001 '.repeat(20_000), /:1: a line of more than/),
  badLine('a line of four columns', 'LA_0003 LA_E_0000003 A07 spoof', /4 columns/),
  badLine('a line of six columns', 'LA_0003 LA_E_0000003 - A07 spoof eval', /6 columns/),
  badLine('a line cut short', 'LA_0003 LA_E', /2 columns/),
  badLine('commas between the columns', 'LA_0003,LA_E_0000003,-,A07,spoof', /1 columns/),
  badLine('an unknown key', 'LA_0003 LA_E_0000003 - A07 fake', /key "fake"/),
  badLine('a key in capitals', 'LA_0003 LA_E_0000003 - - BONAFIDE', /key "BONAFIDE"/),
  badLine('an utterance twice', 'LA_0003 LA_E_0000001 - A07 spoof', /LA_E_0000001 a second time/),
  badLine('bona fide speech with an attack', 'LA_0003 LA_E_0000003 - A07 bonafide', /attack "A07"/),
  badLine('a spoof without attack', 'LA_0003 LA_E_0000003 - - spoof', /without an attack/),
  badLine(
    'an utterance that climbs out of the folder',
    'LA_0003 ../../etc/passwd - A07 spoof',
    /utterance name/,
  ),
  badLine('an utterance that is an absolute path', 'LA_0003 /etc/passwd - A07 spoof', /utterance name/),
  badLine('an utterance that is a Windows path', 'LA_0003 ..\\secret - A07 spoof', /utterance name/),
  badLine('an utterance that is the parent folder', 'LA_0003 .. - A07 spoof', /utterance name/),
  badLine('an utterance with a NUL character', 'LA_0003 LA_E_0000003\0 - A07 spoof', /NUL/),
  badLine('an utterance with an escape sequence', 'LA_0003 LA_E_\u001b[2J - A07 spoof', /utterance name/),
  badAsvScores(
    'ASV scores without spoof trials',
    'bonafide target 1.5\nbonafide nontarget -2\n',
    /no spoof score/,
  ),
  badAsvScores(
    'an ASV score that is not a number',
    'bonafide target 1.5\nbonafide nontarget nan\nA07 spoof 0\n',
    /scores\.txt:2: the score "nan"/,
  ),
  badAsvScores('ASV scores with an unknown key', 'bonafide genuine 1.5\n', /:1: the key "genuine"/),
  badAsvScores(
    'countermeasure scores where ASV scores belong',
    'LA_E_0000001 - bonafide 1.5\n',
    /:1: 4 columns/,
  ),
]
