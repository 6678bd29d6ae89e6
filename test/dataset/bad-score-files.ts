/** Score files that must be refused. */
import { gzipSync } from 'node:zlib'

export interface BadScoreFile {
  /** What is wrong, as the end of "refuses …". */
  readonly name: string
  readonly content: string | Uint8Array
  /** Read with a protocol that lists u1 (bona fide), u2 (A07), u3 (A08) and u4 (bona fide). */
  readonly withProtocol?: true
  /** Of the message: the line, and what was found. */
  readonly message: RegExp
}

const good = 'u1 - bonafide 1.5\nu2 A07 spoof -2.5\nu3 A08 spoof -1\n'
const packed = gzipSync(good.repeat(50))

/** A file whose fourth line is wrong. */
const badLine = (name: string, line: string, message: RegExp): BadScoreFile => ({
  name,
  content: `${good}${line}\n`,
  message: new RegExp(`scores\\.txt:4: .*${message.source}`),
})

/** The same with a protocol beside it. */
const againstProtocol = (name: string, line: string, message: RegExp): BadScoreFile => ({
  ...badLine(name, line, message),
  withProtocol: true,
})

export const badScoreFiles: readonly BadScoreFile[] = [
  { name: 'an empty file', content: '', message: /scores\.txt holds no score/ },
  { name: 'a file of blank lines', content: '\n \r\n\t\n', message: /holds no score/ },
  {
    name: 'nothing but the names of the columns',
    content: 'filename\tcm-score\n',
    message: /holds no score/,
  },
  { name: 'an empty file, packed', content: gzipSync(''), message: /holds no score/ },
  badLine('a NaN', 'u4 - bonafide nan', /the score "nan"; expected a finite decimal number/),
  badLine('an infinity', 'u4 - bonafide -inf', /the score "-inf"/),
  badLine('a number that no double holds', 'u4 - bonafide 1e999', /the score "1e999"/),
  badLine('a number of base sixteen', 'u4 - bonafide 0x10', /the score "0x10"/),
  badLine('a decimal comma', 'u4 - bonafide 1,5', /the score "1,5"/),
  badLine('a number in brackets', 'u4 - bonafide [1.5]', /the score "\[1\.5\]"/),
  badLine('a blank that is none of ASCII', 'u4 - bonafide \u00a01', /the score "\u00a01"/),
  badLine('a column too few', 'u4 bonafide 1', /3 columns; expected 4.*utterance source key score/),
  badLine('a column too many', 'u4 - bonafide 1 2', /5 columns; expected 4/),
  badLine('a line cut short', 'u4 - bon', /3 columns/),
  badLine('an utterance a second time', 'u2 A07 spoof 1', /utterance u2 a second time/),
  badLine('an utterance a second time, by its path', '/a/u2 A07 spoof 1', /utterance u2 a second time/),
  badLine('an unknown key', 'u4 - target 1', /the key "target"; expected bonafide or spoof/),
  badLine('an attack on bona fide speech', 'u4 A07 bonafide 1', /bona fide trial with the attack "A07"/),
  badLine('a spoof of genuine source', 'u4 - spoof 1', /spoof trial with the source "-"/),
  badLine('a spoof of source A00', 'u4 A00 spoof 1', /spoof trial with the source "A00"/),
  badLine('a line of another tool', 'Loading checkpoint', /2 columns; expected 4/),
  {
    name: 'an empty cell where the utterance should be',
    content: 'u1,bonafide,1.5\nu2,spoof,0.5\n,spoof,0.5\n',
    message: /:3: the utterance name ""/,
  },
  badLine('an utterance that is a folder', 'a/ - bonafide 1', /the utterance name "a\/"/),
  badLine(
    'an utterance with an escape sequence',
    'u\u001b[2J - bonafide 1',
    /the utterance name "u\\u001b\[2J"/,
  ),
  badLine('a NUL character', 'u4\0 - bonafide 1', /a NUL character/),
  badLine('an endless line', 'u4 '.repeat(2000), /a line of more than 4096 characters/),
  againstProtocol(
    'an utterance that the protocol lacks',
    'u5 - bonafide 1',
    /utterance "u5"; expected .*protocol/,
  ),
  againstProtocol(
    'an utterance a second time, with its ending',
    'u2.flac A07 spoof 1',
    /utterance u2 a second time/,
  ),
  againstProtocol(
    'a key that contradicts the protocol',
    'u4 A09 spoof 1',
    /spoof .*u4 is; expected bonafide/,
  ),
  {
    name: 'an attack that contradicts the protocol',
    content: 'u1 - bonafide 1.5\nu2 A08 spoof -2.5\n',
    withProtocol: true,
    message: /:2: the attack "A08" of u2; expected A07, as in the protocol/,
  },
  {
    name: 'sources of which none is the protocol’s',
    content: 'u2 A10 -2.5\nu3 A11 -1.5\n',
    withProtocol: true,
    message: /:1: the attack "A10" of u2; expected A07/,
  },
  {
    name: 'one column',
    content: '1.5\n2.5\n',
    message: /:1: no column of utterances: column 1 of numbers like "1\.5"/,
  },
  { name: 'names alone', content: 'u1 - bonafide\nu2 A07 spoof\n', message: /:1: no column of numbers/ },
  {
    name: 'the scores of a speaker verification system',
    content:
      'bonafide target 1\nbonafide nontarget -2\nA07 spoof 3\nA08 spoof 4\nA08 spoof 5\nbonafide target 2\n'.repeat(
        3,
      ),
    message: /:1: no column of utterances/,
  },
  {
    name: 'two scores for every utterance',
    content: 'u1 bonafide 1.5 2.5\nu2 spoof 0.5 -0.5\n',
    message: /:1: several columns of numbers: .*column 3 of numbers like "1\.5".*name it "score"/,
  },
  {
    name: 'other marks than blanks and commas',
    content: 'u1;bonafide;1.5\nu2;spoof;0.5\n',
    message: /:1: no column of numbers: column 1 like "u1;bonafide;1\.5"|:1: no column/,
  },
  {
    name: 'a table of features',
    content: `u1 ${'1.5 '.repeat(900)}\n`.repeat(600),
    message: /:1: 901 columns; expected at most 64/,
  },
  {
    name: 'text behind the end of a gzip',
    content: Buffer.concat([gzipSync(good), Buffer.from('u4 - bonafide 1\n')]),
    message: /scores\.txt:\d+: damaged gzip/,
  },
  {
    name: 'no word on which utterances are bona fide',
    content: 'u1 1.5\nu2 -2.5\n',
    message: /:1: nothing that says which utterances are bona fide.*--protocol/,
  },
  {
    name: 'attacks without bona fide speech where codecs could be meant',
    content: 'u1 C01 1.5\nu2 - -2.5\n',
    message: /:1: nothing that says/,
  },
  {
    name: 'text in UTF-16',
    content: Buffer.from(`\ufeff${good}`, 'utf16le'),
    message: /:1: .*UTF-8.*UTF-16/,
  },
  {
    name: 'a byte of Latin-1',
    content: Buffer.concat([Buffer.from(good), Buffer.from('caf\xe9 - bonafide 1\n', 'latin1')]),
    message: /:4: not UTF-8 text/,
  },
  { name: 'audio', content: Uint8Array.of(0x66, 0x4c, 0x61, 0x43, 0, 0, 0, 0x22), message: /:1: a NUL/ },
  {
    name: 'gzip that breaks off',
    content: packed.subarray(0, packed.length - 12),
    message: /scores\.txt:\d+: damaged gzip .*compress it again/,
  },
  {
    name: 'gzip of which a byte has changed',
    content: Uint8Array.from(packed, (byte, index) => (index === 20 ? byte ^ 0xff : byte)),
    message: /scores\.txt:\d+: damaged gzip/,
  },
  { name: 'the start of a gzip', content: packed.subarray(0, 2), message: /:1: damaged gzip/ },
  {
    name: 'ten million lines out of ten kilobytes',
    content: gzipSync(Buffer.alloc(10_000_001, '\n')),
    message: /:10000001: more than 10000000 lines/,
  },
  {
    name: 'a gigabyte without a line end out of a megabyte',
    content: gzipSync(Buffer.alloc(2 ** 24, 'u')),
    message: /:1: a line of more than 4096 characters/,
  },
]
