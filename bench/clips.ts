/** The clips the benchmarks run on: the demo's, or those of a corpus named on the command line. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { demoCheckpoint, demoFolder } from '../lib'

const [corpus = join(demoFolder, 'LA')] = process.argv.slice(2)
const folder = join(corpus, 'ASVspoof2019_LA_eval', 'flac')

export const clipPaths: readonly string[] = readdirSync(folder)
  .sort()
  .map(name => join(folder, name))

export const checkpoint = {
  bytes: readFileSync(demoCheckpoint),
  config: readFileSync(demoCheckpoint.replace(/pth$/, 'conf'), 'utf8'),
}
