/** `aasist simulator`: a shell in which AscendCL programs run without an NPU. */
import type { Command } from 'commander'
import { findSimulator, simulatorSettings } from '../toolchain'
import type { Simulator } from '../toolchain'
import type { ExitCode } from './exit'
import { quoted } from './shell-quote'
import { hanging, plainLineLength } from './table'
import { note, printLine } from './terminal'

export function addSimulatorCommand(
  program: Command,
  run: (action: (signal: AbortSignal) => Promise<ExitCode>) => Promise<void>,
): void {
  const widest = Math.max(...simulatorSettings.map(({ name }) => name.length))
  const settings = simulatorSettings.map(({ name, meaning }) =>
    hanging(`  ${name.padEnd(widest)}  `, meaning, { lineLength: plainLineLength }),
  )
  const simulator = program
    .command('simulator')
    .description('run and test AscendCL programs without an NPU: stand-ins for libascendcl.so and atc')
    .addHelpText('after', `\nSettings, by environment:\n${settings.join('\n')}`)
    .addHelpText('after', '\nExample:\n  eval "$(npx --no-install aasist simulator env)"')
  simulator
    .command('env')
    .description('print the shell commands that put the stand-ins before everything else')
    .addHelpText('after', '\nExample:\n  eval "$(npx --no-install aasist simulator env)" && atc --help')
    .action(() => run(() => Promise.resolve(printEnvironment())))
}

function printEnvironment(): ExitCode {
  const simulator = findSimulator()
  for (const line of exportLines(simulator)) printLine(line)
  if (simulator.ortLibrary === undefined) {
    note('onnxruntime-node is not installed: models compute nothing, only ACL_SIM_EXEC_US works')
  }
  return 0
}

/** For any POSIX shell, also under `set -eu`. */
function exportLines({ home, libraryFolder, programFolder, ortLibrary }: Simulator): readonly string[] {
  const prepend = (name: string, folder: string): string =>
    `export ${name}=${quoted(folder)}"\${${name}:+:$${name}}"`
  return [
    ...(ortLibrary === undefined ? [] : [`export ACL_SIM_ORT_LIBRARY=${quoted(ortLibrary)}`]),
    `export ACL_SIM_HOME=${quoted(home)}`,
    prepend('LD_LIBRARY_PATH', libraryFolder),
    prepend('PATH', programFolder),
  ]
}
