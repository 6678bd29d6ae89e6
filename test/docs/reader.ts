/** Somebody who does what a page says, in an empty folder with the package installed. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { quoted, Running } from '../cli/support'
import { root } from '../support/environment'
import { unseenLine, type Program } from './page'

/** An empty folder becomes a project: what npm install would put into it is linked. */
export function installPackage(folder: string): void {
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true })
  symlinkSync(root, join(folder, 'node_modules', 'aasist-ascend'))
  symlinkSync(join(root, 'bin', 'aasist.cjs'), join(folder, 'node_modules', '.bin', 'aasist'))
}

const beginning = [
  'set -eu',
  // Other tests of the same process make settings for the simulator.
  'unset ${!ACL_SIM_@} ${!ASCEND_@}',
  // Nothing that a page starts outlives a page that fails.
  'trap \'jobs=$(jobs -p); [ -z "$jobs" ] || kill $jobs\' EXIT',
  'exec 3>&1',
]

/** All commands in one shell, one after the other; each has to succeed, and to show what the page shows. */
export async function follow(
  page: string,
  program: Program,
  folder: string,
  timeoutSeconds: number,
): Promise<void> {
  for (const { name, text } of program.files) writeFileSync(join(folder, name), text)
  const output = (index: number): string => join(folder, `.output-${index}`)
  const script = program.steps.flatMap(({ script: commands, line }, index) => [
    `exec > ${quoted(output(index))} 2>&1`,
    `echo ${quoted(`${page}:${line}`)} >&3`,
    commands,
  ])
  writeFileSync(join(folder, '.page.sh'), [...beginning, ...script].join('\n'))
  const env = { AASIST_CACHE: join(folder, '.cache'), AASIST_ACL_LIBRARY: '', npm_config_offline: 'true' }
  const { status, stdout } = await new Running('bash', [join(folder, '.page.sh')], {
    cwd: folder,
    env,
    timeoutSeconds,
  }).ended
  const reached = stdout.trimEnd().split('\n')
  const last = reached.length - 1
  const lastOutput = readFileSync(output(last), 'utf8')
  expect(status, `${reached[last]!} ended with ${status}:\n${lastOutput}`).to.equal(0)
  expect(reached).to.have.length(program.steps.length)
  for (const [index, { seen, line }] of program.steps.entries()) {
    const shown = readFileSync(output(index), 'utf8')
    const unseen = unseenLine(seen, shown)
    expect(unseen, `${page}:${line} does not show this line, but:\n${shown}\n`).to.equal(undefined)
  }
}
