/** What has been made once and is kept, one folder each, named by what it is and a hash of what it depends on. */
import { randomBytes } from 'node:crypto'
import { readdir, readFile, rename, rm, rmdir, stat, utimes } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { writeFileAtomically } from '../dataset'
import { ArgumentRangeError, DatasetError, errorCode } from '../errors'
import { sha256OfFile } from '../toolchain'
import { FolderLock, isLockName } from './folder-lock'
import { makeFolder } from './make-folder'

/** What is written about an entry when everything else of it is there. */
interface Description {
  readonly format: 1
  readonly key: string
  /** For people. */
  readonly about: Readonly<Record<string, unknown>>
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[]
  readonly made: string
}

export interface CacheEntry {
  /** As `aasist cache rm` takes it. */
  readonly name: string
  readonly path: string
  /** `incomplete`: being made, or left by a run that was killed; it is made anew when it is needed. */
  readonly state: 'ready' | 'incomplete'
  readonly bytes: number
  /** Dates as ISO 8601; null for an incomplete one. */
  readonly made: string | null
  readonly used: string | null
  /** Model, SoC, batch and so on. */
  readonly about: Readonly<Record<string, unknown>>
}

const descriptionName = 'entry.json'
/** A folder on its way out. */
const removedStart = '.removed-'
const pollMs = 250

/**
 * `AASIST_CACHE`, or `aasist-ascend` in `XDG_CACHE_HOME` or in `~/.cache`.
 */
export function cacheFolder(environment: Readonly<NodeJS.ProcessEnv> = process.env): string {
  const { AASIST_CACHE: own = '', XDG_CACHE_HOME: base = '' } = environment
  if (own !== '') return resolve(own)
  // By the XDG specification a relative one is to be ignored.
  const caches = isAbsolute(base) ? base : join(environment['HOME'] ?? homedir(), '.cache')
  return join(caches, 'aasist-ascend')
}

const entriesFolder = (folder: string): string => join(folder, 'entries')

export interface CacheRequest {
  readonly folder: string
  /** SHA-256 of everything it depends on, hexadecimal. */
  readonly key: string
  /** In front of the key in the entry's name. */
  readonly label: string
  readonly about: Readonly<Record<string, unknown>>
  /** What the file is called that the entry is there for. */
  readonly file: string
  readonly signal: AbortSignal | undefined
  /** Another process makes this entry; this one waits for it. */
  readonly onWaiting?: (() => void) | undefined
  /** Writes that file under the given path; gives the names of all files it wrote. */
  readonly make: (path: string) => Promise<readonly string[]>
}

export interface Cached {
  readonly name: string
  readonly path: string
  readonly sha256: string
  readonly origin: 'cache' | 'made'
}

/**
 * The file from the cache, whole and unchanged; made if it is not there. Of several processes that want the same one,
 * one makes it and the others wait.
 *
 * @throws DatasetError `OUTPUT_UNWRITABLE`; what `make` throws; the signal's reason
 */
export async function fromCache(request: CacheRequest): Promise<Cached> {
  const { file, signal, onWaiting } = request
  const { name, entry } = placeOf(request)
  for (let waited = false; ; waited = true) {
    signal?.throwIfAborted()
    const ready = await verified(entry, request)
    if (ready !== undefined) return { name, path: join(entry, file), sha256: ready, origin: 'cache' }
    const lock = await lockOf(entry)
    if (lock !== undefined) {
      try {
        return await makeUnder(request, entry, name)
      } finally {
        await lock.leave()
        // Only an entry that could not be made is empty.
        await rmdir(entry).catch(() => undefined)
      }
    }
    if (!waited) onWaiting?.()
    await delay(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }
}

/** The path of the file, where the entry is there, whole and unchanged. */
export async function findInCache(sought: Sought): Promise<string | undefined> {
  const { entry } = placeOf(sought)
  return (await verified(entry, sought)) === undefined ? undefined : join(entry, sought.file)
}

type Sought = Pick<CacheRequest, 'folder' | 'key' | 'label' | 'file'>

function placeOf({ folder, key, label }: Sought): { readonly name: string; readonly entry: string } {
  const name = `${label}-${key.slice(0, 16)}`
  return { name, entry: join(entriesFolder(folder), name) }
}

/** Undefined while another process has it, or has just removed it. */
async function lockOf(entry: string): Promise<FolderLock | undefined> {
  await makeFolder(entry).catch((error: unknown) => {
    throw unwritable(entry, error)
  })
  const lock = new FolderLock(entry)
  try {
    // Should this process be taken for dead, two make the same file, and either is right.
    await lock.take()
    return lock
  } catch (error) {
    const code = errorCode(error)
    if (code === 'OUTPUT_EXISTS' || code === 'ENOENT') return undefined
    throw unwritable(entry, error)
  }
}

async function makeUnder(request: CacheRequest, entry: string, name: string): Promise<Cached> {
  const { key, about, file, make } = request
  const path = join(entry, file)
  const meanwhile = await verified(entry, request)
  if (meanwhile !== undefined) return { name, path, sha256: meanwhile, origin: 'cache' }
  await emptyBut(entry, isLockName)
  const names = await make(path)
  const files = await Promise.all(
    names.map(async made => ({
      name: made,
      bytes: (await stat(join(entry, made))).size,
      sha256: await sha256OfFile(join(entry, made)),
    })),
  )
  const description: Description = { format: 1, key, about, files, made: new Date().toISOString() }
  await writeFileAtomically(join(entry, descriptionName), `${JSON.stringify(description, null, 2)}\n`)
  const main = files.find(made => made.name === file)
  if (main === undefined) throw new Error(`${file} is not among the files made`)
  return { name, path, sha256: main.sha256, origin: 'made' }
}

/** What a killed run has left counts for nothing. */
async function emptyBut(folder: string, isKept: (name: string) => boolean): Promise<void> {
  const names = (await readdir(folder)).filter(name => !isKept(name))
  await Promise.all(names.map(name => rm(join(folder, name), { recursive: true, force: true })))
}

/** The file's hash when the entry is what it says it is. */
async function verified(entry: string, { key, file }: Sought): Promise<string | undefined> {
  const description = await readDescription(entry)
  if (description?.key !== key) return undefined
  for (const { name, bytes, sha256 } of description.files) {
    const path = join(entry, name)
    const size = await stat(path).then(
      found => found.size,
      () => undefined,
    )
    if (size !== bytes || (await sha256OfFile(path).catch(() => undefined)) !== sha256) return undefined
  }
  const now = new Date()
  // A cache that may only be read serves as well.
  await utimes(join(entry, descriptionName), now, now).catch(() => undefined)
  return description.files.find(({ name }) => name === file)?.sha256
}

async function readDescription(entry: string): Promise<Description | undefined> {
  let found: unknown
  try {
    found = JSON.parse(await readFile(join(entry, descriptionName), 'utf8'))
  } catch {
    return undefined
  }
  return isDescription(found) ? found : undefined
}

function isDescription(value: unknown): value is Description {
  if (typeof value !== 'object' || value === null) return false
  const { format, key, about, files, made } = value as Record<string, unknown>
  return (
    format === 1 &&
    typeof key === 'string' &&
    typeof made === 'string' &&
    typeof about === 'object' &&
    about !== null &&
    Array.isArray(files) &&
    files.every(
      (file: unknown) =>
        typeof file === 'object' &&
        file !== null &&
        typeof (file as Record<string, unknown>)['name'] === 'string' &&
        typeof (file as Record<string, unknown>)['bytes'] === 'number' &&
        typeof (file as Record<string, unknown>)['sha256'] === 'string',
    )
  )
}

/** All entries by name; an empty list where there is no cache yet. */
export async function listCache(folder: string = cacheFolder()): Promise<readonly CacheEntry[]> {
  const entries = entriesFolder(folder)
  const found = await readdir(entries, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw unwritable(entries, error)
  })
  const names = found.filter(item => item.isDirectory() && !item.name.startsWith('.')).map(item => item.name)
  return Promise.all(names.sort().map(name => describe(join(entries, name), name)))
}

async function describe(path: string, name: string): Promise<CacheEntry> {
  const description = await readDescription(path)
  const bytes = await bytesIn(path)
  if (description === undefined)
    return { name, path, state: 'incomplete', bytes, made: null, used: null, about: {} }
  const used = await stat(join(path, descriptionName)).then(
    ({ mtime }) => mtime.toISOString(),
    () => null,
  )
  return { name, path, state: 'ready', bytes, made: description.made, used, about: description.about }
}

async function bytesIn(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = await Promise.all(
    files
      .filter(file => file.isFile())
      .map(file =>
        stat(join(file.parentPath, file.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

export interface CacheRemoval {
  /** Names of entries; each must be there. */
  readonly names?: readonly string[]
  /** Every entry. */
  readonly all?: true
  /** Those that have not been used for so long; incomplete ones as well. */
  readonly olderThanMs?: number
}

export interface CacheRemoved {
  readonly removed: readonly CacheEntry[]
  /** Being made at this moment. */
  readonly busy: readonly CacheEntry[]
}

/**
 * Removes entries. Who has a file of one open keeps it.
 * @throws ArgumentRangeError `INVALID_ARGUMENT` for a name that is not there; DatasetError `OUTPUT_UNWRITABLE`
 */
export async function removeFromCache(
  removal: CacheRemoval,
  folder: string = cacheFolder(),
): Promise<CacheRemoved> {
  const entries = await listCache(folder)
  const unknown = (removal.names ?? []).filter(name => entries.every(entry => entry.name !== name))
  if (unknown.length > 0) {
    throw new ArgumentRangeError(`the cache has no ${unknown.join(', ')}; see aasist cache ls`, {
      names: unknown,
    })
  }
  const now = Date.now()
  const isOld = ({ used }: CacheEntry): boolean =>
    removal.olderThanMs !== undefined && (used === null || now - Date.parse(used) > removal.olderThanMs)
  const chosen = entries.filter(
    entry => removal.all === true || (removal.names ?? []).includes(entry.name) || isOld(entry),
  )
  await sweep(folder)
  const removed: CacheEntry[] = []
  const busy: CacheEntry[] = []
  for (const entry of chosen) ((await remove(entry, folder)) ? removed : busy).push(entry)
  return { removed, busy }
}

/** What a removal that was killed has left. */
async function sweep(folder: string): Promise<void> {
  const names = await readdir(entriesFolder(folder)).catch(() => [])
  for (const name of names.filter(each => each.startsWith(removedStart))) {
    await rm(join(entriesFolder(folder), name), { recursive: true, force: true })
  }
}

async function remove(entry: CacheEntry, folder: string): Promise<boolean> {
  const lock = await lockOf(entry.path)
  if (lock === undefined) return false
  try {
    // In one step, so that nobody finds half an entry.
    const away = join(entriesFolder(folder), `${removedStart}${randomBytes(8).toString('hex')}`)
    await rename(entry.path, away)
    await rm(away, { recursive: true, force: true })
    return true
  } catch (error) {
    throw unwritable(entry.path, error)
  } finally {
    await lock.leave()
  }
}

function unwritable(path: string, error: unknown): DatasetError {
  return new DatasetError(
    'OUTPUT_UNWRITABLE',
    `the cache cannot be used: ${path}: ${String(error)}; name another folder in AASIST_CACHE`,
    { path, systemCode: errorCode(error) ?? null },
    { cause: error },
  )
}
