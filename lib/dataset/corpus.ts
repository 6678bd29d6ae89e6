import { readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, normalize, resolve, sep } from 'node:path'
import { assertKnownOptions, DatasetError, errorCode } from '../errors'
import { readProtocol, type Protocol, type ProtocolTrial } from './protocol'

export interface CorpusTrial extends ProtocolTrial {
  /** The clip's file; undefined when the audio folder has none. */
  readonly audioPath: string | undefined
}

export interface Corpus {
  /** The folder that holds `ASVspoof2019_LA_eval`. */
  readonly folder: string
  readonly audioFolder: string
  readonly protocolPath: string
  /** SHA-256 of the protocol's bytes, in hex. */
  readonly protocolSha256: string
  /** In protocol order. */
  readonly trials: readonly CorpusTrial[]
  /** How many trials have no file. */
  readonly missingAudio: number
}

export interface OpenCorpusOptions {
  /** Path of the protocol, from the current folder or else from the data folder; default: the corpus's own. */
  readonly protocol?: string | undefined
}

const protocolFolder = 'ASVspoof2019_LA_cm_protocols'
const audioFolder = join('ASVspoof2019_LA_eval', 'flac')
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
  const clips = await listClips(join(folder, audioFolder))
  let missingAudio = 0
  const trials = protocol.trials.map(trial => {
    const ending = clips.get(trial.utterance)
    if (ending === undefined) missingAudio++
    const audioPath = ending === undefined ? undefined : join(folder, audioFolder, trial.utterance + ending)
    return { ...trial, audioPath }
  })
  return {
    folder,
    audioFolder: join(folder, audioFolder),
    protocolPath: protocol.path,
    protocolSha256: protocol.sha256,
    trials,
    missingAudio,
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
  const tried = corpusFolders(dataFolder).map(folder => join(folder, audioFolder))
  for (const folder of corpusFolders(dataFolder)) {
    if ((await kindOf(join(folder, audioFolder))) === 'folder') return folder
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

type AudioEnding = '.flac' | '.wav'

// One listing of the folder instead of a look at each of 71,237 files.
async function listClips(folder: string): Promise<ReadonlyMap<string, AudioEnding>> {
  const clips = new Map<string, AudioEnding>()
  for (const name of await listFolder(folder)) {
    const match = /^(.+)(\.flac|\.wav)$/.exec(name)
    if (match === null) continue
    const [, utterance, ending] = match as unknown as [string, string, AudioEnding]
    if (ending === '.flac' || !clips.has(utterance)) clips.set(utterance, ending)
  }
  return clips
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
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
