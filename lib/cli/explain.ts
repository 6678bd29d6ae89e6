/** `aasist explain`: what an error code means, and what helps. */
import { Argument, type Command } from 'commander'
import { ArgumentRangeError } from '../errors'
import { errorGuides, warningGuides, type CodeGuide } from './code-guide'
import { suggest } from './completion-shape'
import type { ExitCode } from './exit'
import { nearestTo } from './near-miss'
import { hanging, plainLineLength, wrap } from './table'
import { printJson, printLine } from './terminal'

const guides: Readonly<Record<string, CodeGuide>> = { ...errorGuides, ...warningGuides }

export function addExplainCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  program
    .command('explain')
    .description('say what an error code or a warning means, and what helps')
    .addArgument(
      suggest(
        new Argument('[code]', 'such as AUDIO_TRUNCATED (default: list them all)'),
        Object.keys(guides),
      ),
    )
    .option('--json', 'JSON: one object, or an array of all')
    .addHelpText('after', '\nExample:\n  aasist explain ACL_LIBRARY_NOT_FOUND')
    .action((code: string | undefined, flags: { readonly json?: boolean }) =>
      run(() => Promise.resolve(explainCode(code, flags))),
    )
}

function explainCode(code: string | undefined, { json }: { readonly json?: boolean }): ExitCode {
  if (code === undefined) {
    const codes = Object.entries(guides)
    if (json === true) printJson(codes.map(([name, guide]) => ({ code: name, ...guide })))
    else printLine(codes.map(([name, { means }]) => listed(name, firstSentence(means))).join('\n'))
    return 0
  }
  const name = code
    .trim()
    .replace(/^\[|\]$/g, '')
    .toUpperCase()
  if (!Object.hasOwn(guides, name)) {
    const near = nearestTo(name, Object.keys(guides))
    throw new ArgumentRangeError(
      `there is no code ${name}${near === undefined ? '' : `; did you mean ${near}?`} (aasist explain lists them all)`,
      { code: name },
    )
  }
  const guide = guides[name]!
  if (json === true) printJson({ code: name, ...guide })
  else printLine([name, wrapped(guide.means), wrapped(`What helps: ${guide.helps}`)].join('\n\n'))
  return 0
}

const nameLength = Math.max(...Object.keys(guides).map(({ length }) => length)) + 2

const wrapped = (text: string): string => wrap(text, plainLineLength).join('\n')

const listed = (name: string, text: string): string =>
  hanging(name.padEnd(nameLength), text, { lineLength: plainLineLength })

const firstSentence = (text: string): string => text.split(/[:.](?: |$)/, 1)[0]!
