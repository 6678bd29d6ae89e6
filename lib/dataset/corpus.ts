import { opendir, stat } from 'node:fs/promises'
import { isAbsolute, join, normalize, resolve, sep } from 'node:path'
import { assertKnownOptions, DatasetError, errorCode } from '../errors'
import { readProtocol, utterancePlaces, type Protocol, type ProtocolTrial } from './protocol'

export type AudioEnding = '.flac' | '.wav'

export interface Corpus {
  /** The folder that holds `ASVspoof2019_LA_eval`. */
  readonly folder: string
  readonly audioFolder: string
  readonly protocolPath: string
  /** SHA-256 of the protocol's bytes, in hex. */
  readonly protocolSha256: string
  /** In protocol order. */
  readonly trials: readonly ProtocolTrial[]
  /** Of each trial's file; undefined when the audio folder has none. Paths of 71,237 files would take 10 MB. */
  readonly audioEndings: readonly (AudioEnding | undefined)[]
  /** How many trials have no file. */
  readonly missingAudio: number
}

/** The file of the trial at this place of the protocol; undefined when there is none. */
export function audioPath({ trials, audioEndings, audioFolder }: Corpus, place: number): string | undefined {
  const ending = audioEndings[place]
  return ending === undefined ? undefined : join(audioFolder, trials[place]!.utterance + ending)
}

export interface OpenCorpusOptions {
  /** Path of the protocol, from the current folder or else from the data folder; default: the corpus's own. */
  readonly protocol?: string | undefined
}

const protocolFolder = 'ASVspoof2019_LA_cm_protocols'
const flacFolder = join('ASVspoof2019_LA_eval', 'flac')
/** As the corpus ships it, and as the guide to AASIST-L on Ascend calls it. */
const protocolNames = ['ASVspoof2019.LA.cm.eval.trl.txt', 'LA.cm.eval.trl.txt'] as const
const asvScoresPath = join('ASVspoof2019_LA_asv_scores', 'ASVspoof2019.LA.asv.eval.gi.trl.scores.txt')

/**
 * Finds the clips of an evaluation list in the folder layout of ASVspoof 2019 LA. `dataFolder` is the `LA` folder or
 * the one that holds it; clips are `ASVspoof2019_LA_eval/flac/<utterance>.flac`, or `.wav` where there is no `.flac`.
 * The protocol is `ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt` or `LA.cm.eval.trl.txt`; with both of
 * them there, they must be equal.
 *
 * @throws DatasetError `DATASET_INVALID` when the folders are not as described, naming what was looked for;
 *   `PROTOCOL_INVALID` as for {@link readProtocol}, and when the protocol that was asked for does not exist
 */
export async function openCorpus(dataFolder: string, options: OpenCorpusOptions = {}): Promise<Corpus> {
  assertKnownOptions(options, ['protocol'], 'openCorpus')
  const folder = await findCorpusFolder(dataFolder)
  const protocol =
    options.protocol === undefined
      ? await readOwnProtocol(folder)
      : await readRequestedProtocol(options.protocol, [...new Set([resolve(dataFolder), folder])])
  const audioEndings = await findClips(join(folder, flacFolder), protocol)
  return {
    folder,
    audioFolder: join(folder, flacFolder),
    protocolPath: protocol.path,
    protocolSha256: protocol.sha256,
    trials: protocol.trials,
    audioEndings,
    missingAudio: audioEndings.filter(ending => ending === undefined).length,
  }
}

export interface FindAsvScoresOptions {
  /** A path below the data folder to look at first, and never outside: `asv_score_path` of an AASIST configuration. */
  readonly configuredPath?: string | undefined
}

export interface AsvScoresLocation {
  readonly path: string
  readonly foundBy: 'configured path' | 'usual place'
}

/**
 * Looks for the ASV scores below a data folder: at the configured path, then where the organisers put theirs,
 * `ASVspoof2019_LA_asv_scores/ASVspoof2019.LA.asv.eval.gi.trl.scores.txt`. The data folder is the `LA` folder or the
 * one that holds it.
 *
 * @throws DatasetError `DATASET_INVALID` when the configured path is absolute or leaves the data folder: configurations
 *   come with checkpoints from anywhere, and must not choose which files of this machine are read
 */
export async function findAsvScores(
  dataFolder: string,
  options: FindAsvScoresOptions = {},
): Promise<AsvScoresLocation | undefined> {
  assertKnownOptions(options, ['configuredPath'], 'findAsvScores')
  const folders = corpusFolders(dataFolder)
  const { configuredPath } = options
  if (configuredPath !== undefined) {
    assertInside(configuredPath)
    const path = await firstOfKind(
      'file',
      folders.map(folder => join(folder, configuredPath)),
    )
    if (path !== undefined) return { path, foundBy: 'configured path' }
  }
  const path = await firstOfKind(
    'file',
    folders.map(folder => join(folder, asvScoresPath)),
  )
  return path === undefined ? undefined : { path, foundBy: 'usual place' }
}

function assertInside(configuredPath: string): void {
  const path = normalize(configuredPath)
  if (!isAbsolute(path) && path !== '..' && !path.startsWith(`..${sep}`)) return
  throw new DatasetError(
    'DATASET_INVALID',
    `the configured path of the ASV scores, ${JSON.stringify(configuredPath)}, lies outside the data folder; ` +
      'expected a path below it: correct asv_score_path, or name the file of ASV scores yourself',
    { configuredPath },
  )
}

function corpusFolders(dataFolder: string): string[] {
  return [resolve(dataFolder), resolve(dataFolder, 'LA')]
}

async function findCorpusFolder(dataFolder: string): Promise<string> {
  if ((await kindOf(dataFolder)) !== 'folder') {
    throw new DatasetError(
      'DATASET_INVALID',
      `the data folder ${resolve(dataFolder)} is not a folder; check the path`,
      {
        path: resolve(dataFolder),
      },
    )
  }
  const tried = corpusFolders(dataFolder).map(folder => join(folder, flacFolder))
  for (const folder of corpusFolders(dataFolder)) {
    if ((await kindOf(join(folder, flacFolder))) === 'folder') return folder
  }
  throw notThere(`no folder with the evaluation clips`, tried)
}

async function readOwnProtocol(folder: string): Promise<Protocol> {
  const candidates = protocolNames.map(name => join(folder, protocolFolder, name))
  const paths: string[] = []
  for (const path of candidates) if ((await kindOf(path)) === 'file') paths.push(path)
  const [first, second] = paths
  if (first === undefined) throw notThere('no protocol', candidates, ', or name one')
  const protocol = await readProtocol(first)
  if (second !== undefined && (await readProtocol(second)).sha256 !== protocol.sha256) {
    throw new DatasetError(
      'DATASET_INVALID',
      `${first} and ${second} differ, and either could be meant; remove one, or name the protocol to use`,
      { paths },
    )
  }
  return protocol
}

async function readRequestedProtocol(requested: string, folders: readonly string[]): Promise<Protocol> {
  const candidates = [resolve(requested), ...folders.map(folder => resolve(folder, requested))]
  // The reader says what is wrong with a thing that is there, but no file.
  const path = (await firstOfKind('file', candidates)) ?? (await firstOfKind('other', candidates))
  if (path !== undefined) return readProtocol(path)
  const tried = [...new Set(candidates)]
  throw new DatasetError(
    'PROTOCOL_INVALID',
    `no protocol ${requested}; looked for ${tried.join(' and ')}; check the path`,
    { tried },
  )
}

function notThere(what: string, tried: readonly string[], alternative = ''): DatasetError {
  return new DatasetError(
    'DATASET_INVALID',
    `${what} found; looked for ${tried.join(' and ')}; give the LA folder of ASVspoof 2019, or the folder that ` +
      `holds it${alternative}`,
    { tried },
  )
}

// One listing of the folder instead of a look at each of 71,237 files.
async function findClips(folder: string, protocol: Protocol): Promise<readonly (AudioEnding | undefined)[]> {
  const places = utterancePlaces(protocol)
  const endings = Array.from<AudioEnding | undefined>({ length: protocol.trials.length })
  for await (const name of listFolder(folder)) {
    const ending = name.endsWith('.flac') ? '.flac' : name.endsWith('.wav') ? '.wav' : undefined
    if (ending === undefined) continue
    const place = places.get(name.slice(0, -ending.length))
    if (place !== undefined && endings[place] !== '.flac') endings[place] = ending
  }
  return endings
}

async function* listFolder(folder: string): AsyncGenerator<string, void, undefined> {
  try {
    for await (const { name } of await opendir(folder, { bufferSize: 1024 })) yield name
  } catch (error) {
    throw new DatasetError(
      'DATASET_INVALID',
      `cannot list ${folder}: ${String(error)}; check that it may be read`,
      { path: folder, systemCode: errorCode(error) ?? null },
      { cause: error },
    )
  }
}

/** `other` is a pipe, a socket or a device, which may block its reader for ever. */
type PathKind = 'file' | 'folder' | 'other'

async function firstOfKind(kind: PathKind, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await kindOf(path)) === kind) return path
  return undefined
}

async function kindOf(path: string): Promise<PathKind | undefined> {
  try {
    const stats = await stat(path)
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other'
  } catch {
    return undefined
  }
}
