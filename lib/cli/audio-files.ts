/** From what was named on the command line to a list of files. */
import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'

/** What people keep speech in. Formats this package does not read are listed too: they fail by name, not silently. */
const audioEndings = new Set(
  '.wav .wave .flac .mp3 .ogg .oga .opus .m4a .aac .aif .aiff .amr .au .wma .webm .caf .sph'.split(' '),
)

export interface AudioFiles {
  readonly files: readonly string[]
  /** Files in folders whose name does not end like audio. */
  readonly ignored: number
}

/**
 * Files as they are named; folders with everything below them, in the order of their names.
 * A folder without audio, or one that cannot be read, is listed itself.
 */
export async function findAudioFiles(inputs: readonly string[]): Promise<AudioFiles> {
  const files: string[] = []
  let ignored = 0
  for (const input of inputs) {
    // What does not exist is left to the scorer, which reports it file by file.
    const isFolder = await stat(input).then(
      stats => stats.isDirectory(),
      () => false,
    )
    if (!isFolder) {
      files.push(input)
      continue
    }
    const below = await filesBelow(input).catch((): string[] => [])
    const audio = below.filter(path => audioEndings.has(extname(path).toLowerCase()))
    if (audio.length === 0) {
      // Scored like a file, it gets an error of its own in its place, and the others go on.
      files.push(input)
      continue
    }
    ignored += below.length - audio.length
    // Not spread into one call: a corpus has more files than a call has room for arguments.
    for (const path of audio) files.push(path)
  }
  return { files, ignored }
}

/** Links to files count; links to folders are not followed, so that a link to a parent ends nowhere. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths: string[] = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) paths.push(path)
    else if (entry.isSymbolicLink()) {
      const target = await stat(path).catch(() => undefined)
      if (target === undefined || target.isFile()) paths.push(path)
    }
  }
  return paths.sort()
}
