/** Keeps two runs from writing into one folder. */
import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DatasetError, errorCode } from '../errors'

interface Holder {
  readonly pid: number
  readonly host: string
  /** When the process began, in the system's own unit: process numbers are used again. */
  readonly began: string | null
  /** Where its number means anything: containers may share a host name, and number their processes each for itself. */
  readonly numbering: string
}

/** How often a holder says that it is there, and after how long a silent one on another machine is given up. */
const defaultTimes = { heartbeatMs: 10_000, silenceMs: 60_000 }

/**
 * Two that come at the same moment see each other and both step back; chance decides who is first next time. One that is
 * still there then has the folder: who steps back comes again with a new file.
 */
const pauseMs = { shortest: 25, longest: 250 }

const lockName = /^running\.[0-9a-f]{16}\.lock$/

export function isLockName(name: string): boolean {
  return lockName.test(name)
}

/** The process numbers this process can ask about. */
const ownNumbering = `${hostname()} ${systemText('/proc/sys/kernel/random/boot_id')} ${processNamespace()}`

/**
 * Every run puts a file of its own into the folder, which names its process, and looks for others after that: of two
 * runs the later one sees the earlier one, however they interleave, and removing what a dead process left can never hit
 * a living one's. Dead is a process that can be seen to be gone, and one on another machine or in another container
 * that has been silent for a minute. Times are those of the file's modification, so clocks that differ by a minute on a
 * file system that takes its clients' clocks make a living run look dead; it ends then, at its next look.
 */
export class FolderLock {
  readonly #folder: string
  readonly #times: typeof defaultTimes
  #path: string | undefined
  #heartbeat: NodeJS.Timeout | undefined

  constructor(folder: string, times = defaultTimes) {
    this.#folder = resolve(folder)
    this.#times = times
  }

  /**
   * `onLost` is called when another run has the folder all of a sudden: this process must have been taken for dead, as
   * after a long sleep of its machine.
   *
   * @throws DatasetError OUTPUT_EXISTS while another run holds it
   */
  async take(onLost: (error: DatasetError) => void = () => undefined): Promise<void> {
    for (let seenBefore: string | undefined; ;) {
      const path = await this.#announce()
      let other: DatasetError | undefined
      try {
        other = await this.#livingOther(path)
      } catch (error) {
        await removeIfThere(path)
        throw error
      }
      if (other === undefined) {
        this.#path = path
        this.#heartbeat = setInterval(() => void this.#beat(path, onLost), this.#times.heartbeatMs)
        this.#heartbeat.unref()
        return
      }
      await removeIfThere(path)
      if (other.detail['path'] === seenBefore) throw other
      seenBefore = other.detail['path'] as string
      await delay(pauseMs.shortest + Math.random() * (pauseMs.longest - pauseMs.shortest))
    }
  }

  async leave(): Promise<void> {
    clearInterval(this.#heartbeat)
    const path = this.#path
    this.#path = undefined
    if (path !== undefined) await removeIfThere(path).catch(() => undefined)
  }

  /**
   * To be called before anything is replaced that another run would need.
   * @throws DatasetError OUTPUT_EXISTS when another run holds the folder by now
   */
  async assertHeld(): Promise<void> {
    const path = this.#path
    const other = path === undefined ? undefined : await this.#livingOther(path)
    if (other !== undefined) throw other
  }

  /** Under its name only when it is whole: half a file would be taken for a dead one's. */
  async #announce(
    path = join(this.#folder, `running.${randomBytes(8).toString('hex')}.lock`),
  ): Promise<string> {
    const own: Holder = {
      pid: process.pid,
      host: hostname(),
      began: beginOf(process.pid),
      numbering: ownNumbering,
    }
    for (;;) {
      const temporary = join(this.#folder, `.aasist-${randomBytes(8).toString('hex')}.tmp`)
      try {
        await writeFile(temporary, JSON.stringify(own))
        await rename(temporary, path)
        return path
      } catch (error) {
        await removeIfThere(temporary).catch(() => undefined)
        // A run that has just got the folder has tidied it up.
        if (errorCode(error) !== 'ENOENT' || !(await isThere(this.#folder))) throw error
      }
    }
  }

  /** The error that names a living run, if there is one beside `own`; removes the files of dead ones. */
  async #livingOther(own: string): Promise<DatasetError | undefined> {
    const names = (await readdir(this.#folder)).filter(isLockName)
    for (const path of names.map(name => join(this.#folder, name))) {
      if (path === own) continue
      const holder = await readHolder(path)
      if (await this.#isAlive(holder, path, own)) return taken(holder, path)
      await removeIfThere(path)
    }
    return undefined
  }

  async #isAlive(holder: Holder | 'torn' | 'hidden', path: string, own: string): Promise<boolean> {
    if (holder === 'torn') return false
    if (holder === 'hidden' || holder.numbering !== ownNumbering) {
      const [theirs, now] = await Promise.all([modifiedAtMs(path), modifiedAtMs(own)])
      return theirs !== undefined && (now ?? Date.now()) - theirs < this.#times.silenceMs
    }
    try {
      process.kill(holder.pid, 0)
    } catch (error) {
      if (errorCode(error) !== 'EPERM') return false
    }
    const found = beginOf(holder.pid)
    return holder.began === null || found === null || holder.began === found
  }

  async #beat(own: string, onLost: (error: DatasetError) => void): Promise<void> {
    const text = await readFile(own, 'utf8').catch(() => undefined)
    if (this.#path !== own) return
    if (text !== undefined) {
      // The same bytes in their own place: nobody can read half of them, and the time is the file system's.
      await writeFile(own, text, { flag: 'r+' }).catch(() => undefined)
      return
    }
    const other = await this.#livingOther(own).catch(() => undefined)
    if (other === undefined) {
      // Removed by hand, or by a run that took this one for dead and is through: the folder is to be had.
      await this.#announce(own).catch(() => undefined)
      if (this.#path !== own) await removeIfThere(own).catch(() => undefined)
      return
    }
    clearInterval(this.#heartbeat)
    onLost(other)
  }
}

function taken(holder: Holder | 'torn' | 'hidden', path: string): DatasetError {
  const [who, detail] =
    typeof holder === 'string'
      ? ['a process that this user may not see', {}]
      : [`process ${holder.pid} on ${holder.host}`, { pid: holder.pid, host: holder.host }]
  const isNear = typeof holder !== 'string' && holder.numbering === ownNumbering
  const until = isNear ? '' : ' (one that is gone holds it for a minute after its last sign of life)'
  return new DatasetError(
    'OUTPUT_EXISTS',
    `another evaluation writes here: ${who}; wait for it${until}, choose another folder, ` +
      `or remove ${path} if that process is gone`,
    { path, ...detail },
  )
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await modifiedAtMs(path)) !== undefined
}

/** Undefined for a file that is gone. */
async function modifiedAtMs(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
}

/** `torn` without a holder's data, as after a power cut; `hidden` when it cannot be read. */
async function readHolder(path: string): Promise<Holder | 'torn' | 'hidden'> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'torn' : 'hidden'
  }
  try {
    const { pid, host, began = null, numbering = '' } = JSON.parse(text) as Partial<Holder>
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host, began, numbering } : 'torn'
  } catch {
    return 'torn'
  }
}

/** Field 22 of /proc/<pid>/stat; the name before it is in parentheses and may hold any character. */
function beginOf(pid: number): string | null {
  const text = systemText(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

/** Empty where there is no such file, as on other systems than Linux. */
function systemText(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return ''
  }
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
