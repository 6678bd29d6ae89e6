/** `aasist cache`: what was made or measured once and is kept: offline models, and the tile sizes that suit this CPU. */
import { InvalidArgumentError, type Command } from 'commander'
import { ArgumentTypeError } from '../errors'
import { cacheFolder, listCache, removeFromCache, type CacheEntry } from '../scoring'
import type { ExitCode } from './exit'
import { counted, note, printable, printJson, printLine } from './terminal'
import { formatTable, outputLineLength } from './table'

type Run = (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>

interface RemoveFlags {
  readonly all?: true
  readonly olderThan?: number
  readonly json?: boolean
}

export function addCacheCommand(program: Command, run: Run): void {
  const cache = program
    .command('cache')
    .description('list and remove what is kept: compiled offline models, and tile sizes measured for a CPU')
    .addHelpText('after', '\nThe folder: AASIST_CACHE, or aasist-ascend in XDG_CACHE_HOME or ~/.cache.')
    .addHelpText('after', '\nExample:\n  aasist cache ls')
  cache
    .command('ls')
    .description('list them, with sizes and ages')
    .option('--json', 'print them as a JSON array')
    .addHelpText('after', '\nExample:\n  aasist cache ls')
    .action((flags: { json?: boolean }) => run(() => list(flags)))
  cache
    .command('rm')
    .description('remove some or all; what a process has open stays usable to it')
    .argument('[names...]', 'as cache ls shows them')
    .option('--all', 'every one')
    .option('--older-than <age>', 'those not used for so long: 12h, 30d, 8w', parseAge)
    .option('--json', 'print what was removed')
    .addHelpText('after', '\nExample:\n  aasist cache rm --older-than 30d')
    .action((names: readonly string[], flags: RemoveFlags) => run(() => remove(names, flags)))
}

async function list({ json }: { json?: boolean }): Promise<ExitCode> {
  const entries = await listCache()
  if (json === true) printJson(entries)
  else if (entries.length > 0) {
    {
      printLine(
        formatTable(['name', 'size', 'made', 'used', 'what it is'], entries.map(row), {
          lineLength: outputLineLength(),
        }),
      )
    }
  }
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  note(`${counted(entries.length, 'entry', 'entries')}, ${formatBytes(bytes)} in ${printable(cacheFolder())}`)
  return 0
}

async function remove(names: readonly string[], { all, olderThan, json }: RemoveFlags): Promise<ExitCode> {
  const ways = [names.length > 0, all === true, olderThan !== undefined].filter(Boolean).length
  if (ways !== 1) {
    throw new ArgumentTypeError(
      'name what to remove: names of aasist cache ls, or --all, or --older-than 30d',
    )
  }
  const { removed, busy } = await removeFromCache({
    names,
    ...(all !== undefined && { all }),
    ...(olderThan !== undefined && { olderThanMs: olderThan }),
  })
  if (json === true) {
    printJson({ removed: removed.map(({ name }) => name), busy: busy.map(({ name }) => name) })
  }
  const bytes = removed.reduce((sum, entry) => sum + entry.bytes, 0)
  note(`${counted(removed.length, 'entry', 'entries')} removed, ${formatBytes(bytes)}`)
  for (const { name } of busy) note(`${printable(name)} is being made at this moment, and was left`)
  return busy.length === 0 ? 0 : 1
}

function row({ name, state, bytes, made, used, about }: CacheEntry): readonly string[] {
  const what =
    state === 'incomplete'
      ? 'incomplete: being made, or left by a run that was killed'
      : String(about['model'])
  return [printable(name), formatBytes(bytes), ageOf(made), ageOf(used), printable(what)]
}

function ageOf(date: string | null): string {
  if (date === null) return '-'
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(date)) / 60_000))
  if (minutes < 1) return 'now'
  if (minutes < 60) return `${minutes} min ago`
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`
  return `${Math.floor(minutes / 60 / 24)} days ago`
}

function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`
  return bytes < 1024 ** 3 ? `${(bytes / 1024 ** 2).toFixed(1)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`
}

const hourMs = 3_600_000
const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs }

function parseAge(text: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,5})([mhdw])$/.exec(text) ?? []
  const factor = unitMs[unit]
  if (factor === undefined)
    throw new InvalidArgumentError('It must be a number and m, h, d or w, such as 30d.')
  return Number(amount) * factor
}
